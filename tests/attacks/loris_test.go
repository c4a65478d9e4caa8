package attacks

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// TestSlowLorisInTheHandshake opens sockets and sends a request byte by byte, or nothing at all.
func TestSlowLorisInTheHandshake(t *testing.T) {
	t.Parallel()
	const timeout = time.Second
	s := serve(t, harness.Echo, "server.handshake_timeout = \""+timeout.String()+"\"\n")
	request := s.Request("Cookie: a=" + strings.Repeat("x", 1000))
	for name, begin := range map[string]int{
		"nothing comes":       -1,
		"in the request line": 0,
		"in a header":         strings.Index(request, "Cookie") + 20,
		"before the last LF":  len(request) - 1,
	} {
		t.Run(name, func(t *testing.T) {
			survives(t, s, func(t *testing.T) {
				var group sync.WaitGroup
				for range 200 {
					group.Go(func() { dripRequest(t, s, request, begin, timeout) })
				}
				group.Wait()
			})
		})
	}
}

// dripRequest writes the bytes before begin at once and the rest one by one, but never the last. The server must end
// the connection soon after timeout.
func dripRequest(t *testing.T, s *server, request string, begin int, timeout time.Duration) {
	conn, err := net.Dial("tcp", s.Address)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	began := time.Now()
	_ = conn.SetDeadline(began.Add(harness.Patience))
	ended := make(chan error, 1)
	go func() { _, err := io.Copy(io.Discard, conn); ended <- err }()
	if begin > 0 {
		_, _ = io.WriteString(conn, request[:begin]) // reading tells if the server has ended the connection
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for at := begin; ; {
		select {
		case <-tick.C:
		case err := <-ended:
			if timedOut, ok := err.(net.Error); ok && timedOut.Timeout() {
				t.Error("the server waits for ever")
			} else if took := time.Since(began); took > timeout+mostStall {
				t.Errorf("the server waited for %v", took)
			}
			return
		}
		if at >= 0 && at < len(request)-1 {
			_, _ = io.WriteString(conn, request[at:at+1])
			at++
		}
	}
}

// TestSlowLorisInMidFrame sends a frame byte by byte until the server ends the connection.
func TestSlowLorisInMidFrame(t *testing.T) {
	t.Parallel()
	s := serve(t, harness.Echo, "server.ping_interval = \"500ms\"\nserver.pong_timeout = \"1500ms\"\nserver.message_timeout = \"3s\"\n")
	long, control := text(strings.Repeat("x", 70_000)).Append(nil), ping(strings.Repeat("x", 100)).Append(nil)
	for name, row := range map[string]struct {
		bytes []byte
		begin int // bytes written at once
	}{
		"in the header":      {long, 1},
		"in the payload":     {long, 20},
		"in a control frame": {control, 10},
		"between fragments":  {text("x").Part().Append(nil), 7},
	} {
		t.Run(name, func(t *testing.T) {
			survives(t, s, func(t *testing.T) {
				crowd(t, s, 10, func(p *peer) { drip(p, row.bytes, row.begin) })
			})
		})
	}
}

// drip writes the beginning of b at once and the rest byte by byte, and returns when the server has ended the
// connection. It answers no ping.
func drip(p *peer, b []byte, begin int) {
	ended := make(chan struct{})
	go func() { defer close(ended); _ = p.Discard() }() // however it ends
	tick := time.NewTicker(50 * time.Millisecond)       // the whole control frame takes five seconds
	defer tick.Stop()
	p.Write(b[:begin])
	for i := begin; ; i++ {
		select {
		case <-tick.C:
		case <-ended:
			return
		}
		if i < len(b) {
			_, _ = p.Conn.Write(b[i : i+1]) // the connection may just have ended
		}
	}
}
