package bridge

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/socket"
)

// Send queues a message for a client. The errors are ErrNoClient, ErrNotOpen, ErrQueueFull, ErrBadMessage, ErrStarting and ErrStopping.
func (b *Bridge) Send(key int64, binary bool, message []byte) error {
	leave, err := b.enterServing()
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
	if !c.upgraded.Load() {
		return ErrNotOpen
	}
	switch err := c.send(m); {
	case err == nil:
		return nil
	case errors.Is(err, socket.ErrFull): // unlike a handler's message, it does not end the client
		return ErrQueueFull
	}
	return ErrNotOpen
}

// Broadcast queues a message for each open client whose row f matches. It returns for how many it did, and for how many it could not. The
// errors are ErrBadMessage, ErrStarting and ErrStopping.
func (b *Bridge) Broadcast(f rows.Filter, binary bool, message []byte) (to, missed int, err error) {
	leave, err := b.enterServing()
	if err != nil {
		return 0, 0, err
	}
	defer leave()
	m, err := newMessage(binary, message)
	if err != nil {
		return 0, 0, err
	}
	clients := b.sendAll(m, func() []*client { return b.openClients(f) }, func(*client, error) { missed++ })
	to = len(clients) - missed
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

// CloseClient closes a client's connection and runs its close handlers, as a handler can. Code 0 means 1000. The errors are ErrNoClient,
// ErrNotOpen if its end has begun, ErrStarting and ErrStopping. An error that wraps ErrBadClose says what is wrong with the code
// (RFC 6455, section 7.4) or with the reason.
func (b *Bridge) CloseClient(key int64, code int, reason string) error {
	if code == 0 {
		code, _ = outcome.EndedByOperator.Close()
	}
	if err := checkClose(code, reason); err != nil {
		return err
	}
	leave, err := b.enterServing()
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
	c.endWith(outcome.EndedByOperator, code, reason)
	return nil
}

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

// startWait is how long an operator waits for a server that is about to serve.
const startWait = 3 * time.Second

// enterServing is enter for operators. It blocks until the server serves, for at most startWait. The errors are ErrStarting, ErrStopping and
// ErrHandingOver.
func (b *Bridge) enterServing() (leave func(), err error) {
	select {
	case <-b.serving:
	case <-time.After(startWait):
		return nil, ErrStarting
	}
	return b.entrance.enter(newcomer)
}
