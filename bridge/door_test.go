package bridge

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door/admission"
	"github.com/wsbridge/wsbridge/protocol"
)

// Those that take their time to go hold up neither others nor the end.
func TestMorePartingsThanThereMayBe(t *testing.T) {
	s := serveApplication(t, &standin{}, func(c *Config) { c.Limits.Connections, c.DrainTimeout = 1, time.Minute })
	s.connect()
	told := 0
	for range 2 * maxPartings {
		conn := s.dial() // it says nothing, and stays
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err == nil && response.StatusCode == http.StatusServiceUnavailable {
			told++
		}
	}
	if told < maxPartings {
		t.Errorf("%d were told why, want %d at least", told, maxPartings)
	}
	if took := s.drained(); took > patience {
		t.Errorf("the drain took %v", took)
	}
	if n := s.doorman.partings.Load(); n != 0 {
		t.Errorf("%d partings are left", n)
	}
}

func TestASeatIsLeftHoweverAConnectionEnds(t *testing.T) {
	for name, handlers := range map[string]map[protocol.Kind]handler{
		"plain":  {},
		"tapped": {protocol.Connect: nil, protocol.Read: nil},
		"not let in": {protocol.Authenticate: func(_ context.Context, _ *protocol.Event, _ func(*protocol.Effect) error) string {
			return "false"
		}},
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

func TestNoDeadlineIsLaterThanTheHandshakes(t *testing.T) {
	us, them := net.Pipe()
	defer them.Close()
	b := &Bridge{limiter: admission.NewLimiter(admission.Limits{})}
	b.config.Store(&Config{HandshakeTimeout: 20 * time.Millisecond})
	v, err := b.letIn(us, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for _, later := range []time.Time{{}, time.Now().Add(time.Hour)} {
		v.SetDeadline(later)
		if _, err := v.Read(make([]byte, 1)); err == nil || !err.(net.Error).Timeout() {
			t.Errorf("with a deadline of %v: got %v", later, err)
		}
	}
	v.until = time.Time{}
	v.SetReadDeadline(time.Time{})
	go them.Write([]byte("x"))
	if n, err := v.Read(make([]byte, 1)); n != 1 {
		t.Errorf("after the handshake: got %v", err)
	}
}

// A connection that was accepted a moment before the end becomes no client behind the drain's back.
func TestNoClientIsMadeDuringADrain(t *testing.T) {
	s := serveApplication(t, &standin{handlers: map[protocol.Kind]handler{protocol.Connect: nil}}, nil)
	us, them := net.Pipe()
	defer them.Close()
	defer us.Close()
	late := &tappedConn{Conn: us, bridge: s.Bridge, late: make(chan struct{})}
	s.drained()
	if _, err := late.Read(make([]byte, 1)); err != ErrStopping {
		t.Errorf("got %v", err)
	}
	if n := s.Clients(); n != 0 {
		t.Errorf("there are %d clients", n)
	}
}
