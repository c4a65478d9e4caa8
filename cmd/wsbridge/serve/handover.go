package serve

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"slices"
	"syscall"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/handover"
)

// What the two processes of a hand-over tell each other, in this order. The old process sends all but those that the new one is marked as
// the sender of.
const (
	msgFixed     = "fixed"     // what both configurations must have the same
	msgReady     = "ready"     // from the new one: it has all that it can have before it takes over
	msgAhead     = "ahead"     // some clients and their sockets, encoded, while the old one still serves them
	msgBefore    = "before"    // a part of bridge.AheadState, encoded
	msgAdopt     = "adopt"     // there is no more of both
	msgAdopted   = "adopted"   // from the new one: it has taken them in
	msgListeners = "listeners" // with their files
	msgPipe      = "pipe"      // with its files, if there is a pipe
	msgState     = "state"     // a part of bridge.State, encoded
	msgClients   = "clients"   // files only: the sockets of those that have come since
	msgComplete  = "complete"  // there is no more
	msgRestored  = "restored"  // from the new one: it can serve
	msgServe     = "serve"     // from now on the new one serves, and the old one does not
	msgServing   = "serving"   // from the new one: it does
)

// handoverFormat changes with the messages, and with what they hold.
const handoverFormat = 100*messagesFormat + bridge.StateVersion

const messagesFormat = 2

func (s *server) hello() handover.Hello {
	return handover.Hello{Format: handoverFormat, Version: s.Version, PID: os.Getpid()}
}

// fixed is what a process that takes over cannot change, since it goes on with what the other one has opened.
type fixed struct {
	Listen  string   `key:"server.listen"`
	TLS     bool     `key:"server.tls_cert or server.acme"`
	Control []string `key:"control.listen"`
	Pipe    string   `key:"pipe.path"`
	Journal string   `key:"journal.dir"` // what it means: see config.Journal.Folder
}

func fixedOf(cfg *config.Config) fixed {
	return fixed{cfg.Server.Listen, cfg.Server.TLS(), slices.Clone(cfg.Control.Listen), cfg.Pipe.Path, cfg.Journal.Folder()}
}

// differs returns why a process with ours cannot take over from one with theirs, or nil.
func (ours *fixed) differs(theirs *fixed) error {
	a, b := reflect.ValueOf(ours).Elem(), reflect.ValueOf(theirs).Elem()
	for i := range a.NumField() {
		if now, was := a.Field(i), b.Field(i); !now.IsZero() || !was.IsZero() {
			if !reflect.DeepEqual(now.Interface(), was.Interface()) {
				return fmt.Errorf("%s is %v in the configuration, and %v in the server that runs: what is open cannot change in a hand-over, only "+
					"in a restart", a.Type().Field(i).Tag.Get("key"), now.Interface(), was.Interface())
			}
		}
	}
	return nil
}

// listenerInfo says what a listener is for.
type listenerInfo struct {
	Control bool   // else it is for clients
	Path    string // control.Listener's
}

// listening returns the listeners for a message.
func (s *server) listening(controls []control.Listener) (handover.Message, error) {
	infos := []listenerInfo{{}}
	clients, ok := s.sockets.clients.(syscall.Conn)
	if !ok {
		return handover.Message{}, fmt.Errorf("a listener of type %T cannot be handed over", s.sockets.clients)
	}
	files := []syscall.Conn{clients}
	for _, l := range controls {
		conn, ok := l.Listener.(syscall.Conn)
		if !ok {
			return handover.Message{}, fmt.Errorf("a listener of type %T cannot be handed over", l.Listener)
		}
		infos, files = append(infos, listenerInfo{true, l.Path}), append(files, conn)
	}
	body, err := json.Marshal(infos)
	return handover.Message{Name: msgListeners, Body: body, Files: files}, err
}

// inherited returns the listeners of a message. The caller closes them.
func inherited(m *handover.Received) (clients net.Listener, controls []control.Listener, err error) {
	defer func() {
		if err != nil {
			closeListeners(clients, controls)
		}
	}()
	var infos []listenerInfo
	if err := json.Unmarshal(m.Body, &infos); err != nil {
		return nil, nil, err
	}
	if len(infos) != len(m.Files) {
		return nil, nil, fmt.Errorf("%d files have come for %d listeners", len(m.Files), len(infos))
	}
	for i, info := range infos {
		l, err := net.FileListener(m.Files[i]) // which works on a copy
		if err != nil {
			return clients, controls, fmt.Errorf("listener %d: %w", i, err)
		}
		if info.Control {
			controls = append(controls, control.Listener{Listener: l, Path: info.Path})
		} else {
			clients = l
		}
	}
	if clients == nil {
		return nil, controls, fmt.Errorf("no listener for clients has come")
	}
	return clients, controls, nil
}

func closeListeners(clients net.Listener, controls []control.Listener) {
	if clients != nil {
		clients.Close()
	}
	for _, l := range controls {
		l.Close()
	}
}

// stateSize is the size of a part of the state in one message.
const stateSize = 4 << 20

// parts is a writer that calls send with parts of at most stateSize bytes.
type parts struct {
	send func([]byte) error
	buf  []byte
}

var _ io.Writer = (*parts)(nil)

func (p *parts) Write(data []byte) (n int, err error) {
	for n < len(data) {
		took := min(len(data)-n, stateSize-len(p.buf))
		p.buf = append(p.buf, data[n:n+took]...)
		n += took
		if len(p.buf) == stateSize {
			if err := p.flush(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

func (p *parts) flush() error {
	if len(p.buf) == 0 {
		return nil
	}
	err := p.send(p.buf)
	p.buf = p.buf[:0]
	return err
}
