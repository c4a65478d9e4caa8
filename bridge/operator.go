package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

var (
	// ErrNoClient says that no client has that key.
	ErrNoClient = errors.New("no such client")
	// ErrNotOpen says that a client cannot be sent to: its handshake is not over, or its end has begun.
	ErrNotOpen = errors.New("the connection is not open")
	// ErrQueueFull says that a client does not read what it is sent.
	ErrQueueFull = errors.New("the connection's send queue is full")
	// ErrBadMessage says that a message, or a reason, cannot be sent.
	ErrBadMessage = errors.New("text is not utf-8")
)

// Send queues a message for a client. Its errors are ErrNoClient, ErrNotOpen, ErrQueueFull, ErrBadMessage, ErrStarting and
// ErrStopping.
func (b *Bridge) Send(key int64, binary bool, message []byte) error {
	leave, err := b.operate()
	if err != nil {
		return err
	}
	defer leave()
	c := b.clients.get(key)
	if c == nil {
		return ErrNoClient
	}
	m, err := newMessage(binary, message)
	if err != nil {
		return err
	}
	if !b.clients.isUpgraded(c) {
		return ErrNotOpen
	}
	sendAll([]*client{c}, m, func(_ *client, failed error) {
		if err = ErrNotOpen; errors.Is(failed, socket.ErrFull) { // which does not end the client, as a handler's message would
			err = ErrQueueFull
		}
	})
	return err
}

// Broadcast queues a message for each client in state OPEN that f fits, and returns for how many it did, and how many of them
// could not be sent it. Its errors are ErrBadMessage, ErrStarting and ErrStopping.
func (b *Bridge) Broadcast(f rows.Filter, binary bool, message []byte) (to, missed int, err error) {
	leave, err := b.operate()
	if err != nil {
		return 0, 0, err
	}
	defer leave()
	clients := b.openClients(f)
	m, err := newMessage(binary, message)
	if err != nil {
		return 0, 0, err
	}
	sendAll(clients, m, func(*client, error) { missed++ })
	to = len(clients) - missed
	b.log.Info("the operator has sent a message", keyClients, to, "missed", missed, keyBytes, len(message))
	return to, missed, nil
}

func newMessage(binary bool, data []byte) (*socket.Message, error) {
	switch {
	case binary:
		return socket.NewMessage(socket.OpBinary, data), nil
	case !utf8.Valid(data):
		return nil, ErrBadMessage
	}
	return socket.NewMessage(socket.OpText, data), nil
}

// CloseClient ends a client's connection, with its close handlers, as if a handler had. Code 0 is 1000. Its errors are
// ErrNoClient, ErrNotOpen if its end has begun, ErrBadMessage, ErrStarting and ErrStopping, or say what is wrong with the code
// (RFC 6455, section 7.4) or the reason.
func (b *Bridge) CloseClient(key int64, code int, reason string) error {
	if code == 0 {
		code, _ = outcome.EndedByOperator.Close()
	}
	if err := checkClose(code, reason); err != nil {
		return err
	}
	leave, err := b.operate()
	if err != nil {
		return err
	}
	defer leave()
	c := b.clients.get(key)
	switch {
	case c == nil:
		return ErrNoClient
	case c.hasEnded():
		return ErrNotOpen
	}
	c.log.Log(context.Background(), slog.LevelInfo, "the operator closes the connection", keyCode, code)
	c.endWith(outcome.EndedByOperator, code, reason)
	return nil
}

// ErrBadClose is what the errors about a close frame wrap.
var ErrBadClose = errors.New("cannot be sent in a close frame")

func checkClose(code int, reason string) error {
	switch {
	case !outcome.ValidCloseCode(code):
		return fmt.Errorf("code %d %w: want 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999", code, ErrBadClose)
	case len(reason) > outcome.MaxReason:
		return fmt.Errorf("a reason of %d bytes %w: want %d at most", len(reason), ErrBadClose, outcome.MaxReason)
	case !utf8.ValidString(reason):
		return fmt.Errorf("a reason that is not utf-8 %w", ErrBadClose)
	}
	return nil
}

// Tail begins to look at the events that f picks, as they end. The caller closes it. The errors are observe's.
func (b *Bridge) Tail(f observe.Filter) (*observe.Tail, error) { return b.tails.Add(f) }

// Incidents returns the failures of late, the latest first, at most 100.
func (b *Bridge) Incidents() []observe.Incident { return b.incidents.All() }

// Application is what is known of the application's code.
type Application struct {
	PHP      string // its version; empty before it was asked
	Handlers []HandlerTurn
}

// HandlerTurn is how a handler runs.
type HandlerTurn struct {
	Name  string // without "ws_server_"
	Alone bool   // no other event runs meanwhile
}

// Application returns what is known now, handlers sorted by name.
func (b *Bridge) Application() Application {
	app := b.app.Load()
	if app == nil {
		return Application{}
	}
	a := Application{PHP: app.PHP}
	alone := map[string]bool{}
	for _, kind := range protocol.Kinds() {
		for _, name := range kind.Handlers() {
			alone[name] = app.RunMode(kind).Alone
		}
	}
	for _, name := range slices.Sorted(maps.Keys(app.Handlers)) {
		a.Handlers = append(a.Handlers, HandlerTurn{strings.TrimPrefix(name, "ws_server_"), alone[name]})
	}
	return a
}
