package bridge

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// accepted returns conn as a door.Listener accepts it.
func accepted(t *testing.T, conn net.Conn, secure *tls.Config) socket.HalfCloser {
	t.Helper()
	l := door.Listen(acceptor{conn: conn}, door.Config{Policy: func() *door.Policy { return &door.Policy{} },
		Limiter: door.NewLimiter(door.Limits{}), TLS: secure, HandshakeTimeout: time.Minute})
	in, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return in.(socket.HalfCloser)
}

// acceptor is a listener that accepts conn.
type acceptor struct {
	net.Listener
	conn net.Conn
}

func (a acceptor) Accept() (net.Conn, error) { return a.conn, nil }

// The connection was accepted just before the drain, which could not know its client.
func TestNoClientIsCreatedDuringADrain(t *testing.T) {
	s := serveApplication(t, &standin{handlers: map[protocol.Kind]handler{protocol.Connect: nil}}, nil)
	us, them := net.Pipe()
	defer them.Close()
	defer us.Close()
	late := &readEventConn{HalfCloser: accepted(t, us, nil), bridge: s.Bridge, expired: make(chan struct{})}
	s.drained()
	if _, err := late.Read(make([]byte, 1)); err != ErrStopping {
		t.Errorf("got %v", err)
	}
	if n := s.Clients(); n != 0 {
		t.Errorf("there are %d clients", n)
	}
}

func TestSlotIsReleasedHoweverAConnectionEnds(t *testing.T) {
	for name, handlers := range map[string]map[protocol.Kind]handler{
		"plain":       {},
		"read events": {protocol.Connect: nil, protocol.Read: nil},
		"refused":     {protocol.Authenticate: returns("false")},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveApplication(t, &standin{handlers: handlers}, nil)
			const plain = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
			for _, bytes := range []string{"", "GET / HT", plain, "nonsense\r\n\r\n", upgrade, upgrade + frame} {
				conn := s.dial()
				fmt.Fprint(conn, bytes)
				conn.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, conn)
				conn.Close()
				eventually(t, fmt.Sprintf("%q leaves", bytes), func() bool { return s.Sockets() == 0 })
			}
		})
	}
}
