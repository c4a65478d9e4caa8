package conformance

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// peer is the client's end of a WebSocket, which can send anything.
type peer struct {
	t          *testing.T
	conn       net.Conn
	r          *bufio.Reader
	extensions string // as agreed
}

// connect opens a WebSocket, with further header lines.
func (s *server) connect(t *testing.T, header ...string) *peer {
	t.Helper()
	p, response := s.handshake(t, header...)
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("handshake: %s", response.Status)
	}
	return p
}

func (s *server) handshake(t *testing.T, header ...string) (*peer, *http.Response) {
	t.Helper()
	lines := append([]string{"GET / HTTP/1.1", "Host: " + s.address, "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"}, header...)
	return s.dial(t, strings.Join(lines, "\r\n")+"\r\n\r\n")
}

// dial sends a request and reads the response's head.
func (s *server) dial(t *testing.T, request string) (*peer, *http.Response) {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	if s.trust != nil {
		conn = tls.Client(conn, s.trust)
	}
	p := &peer{t: t, conn: conn, r: bufio.NewReader(conn)}
	p.write([]byte(request))
	response, err := http.ReadResponse(p.r, nil)
	if err != nil {
		t.Fatalf("handshake: %v", err)
	}
	p.extensions = response.Header.Get("Sec-WebSocket-Extensions")
	return p, response
}

func (p *peer) send(frames ...frame) {
	p.t.Helper()
	p.write(appendFrames(nil, frames))
}

func appendFrames(b []byte, frames []frame) []byte {
	for _, f := range frames {
		b = f.append(b)
	}
	return b
}

func (p *peer) write(b []byte) {
	p.t.Helper()
	if _, err := p.conn.Write(b); err != nil {
		p.t.Fatalf("write: %v", err)
	}
}

// chop writes b in pieces of that many bytes, each a packet of its own.
func (p *peer) chop(b []byte, each int) {
	p.t.Helper()
	for len(b) > each {
		p.write(b[:each])
		b = b[each:]
	}
	p.write(b)
}

// next returns the next message or control frame. Fragments of a message are joined, and their order is checked.
func (p *peer) next() frame {
	p.t.Helper()
	f := p.read()
	for more := f.more; more; {
		part := p.read()
		if part.op != opContinuation || part.rsv != 0 {
			p.t.Fatalf("got %v within a message", part)
		}
		f.payload += part.payload
		more = part.more
	}
	f.more = false
	return f
}

func (p *peer) read() frame {
	p.t.Helper()
	f, err := readFrame(p.r)
	if err != nil {
		p.t.Fatalf("read: %v", err)
	}
	return f
}

// want fails the test unless these are what comes next.
func (p *peer) want(frames ...frame) {
	p.t.Helper()
	for _, f := range frames {
		if got := p.next(); got != f {
			p.t.Fatalf("got %v, want %v", got, f)
		}
	}
}

// closes takes the server's close frame, which must carry the code, and the end of the connection behind it, which must not
// be a reset.
func (p *peer) closes(code uint16) {
	p.t.Helper()
	f := p.next()
	if f.op != opClose || len(f.payload) < 2 || binary.BigEndian.Uint16([]byte(f.payload)) != code {
		p.t.Fatalf("got %v, want a close frame with %d", f, code)
	}
	p.ends()
}

func (p *peer) ends() {
	p.t.Helper()
	if f, err := readFrame(p.r); !errors.Is(err, io.EOF) {
		p.t.Fatalf("got %v, %v, want the end", f, err)
	}
	p.conn.Close()
}

// bye closes as a client does and waits for the server to agree.
func (p *peer) bye() {
	p.t.Helper()
	p.send(closing(1000, ""))
	p.closes(1000)
}

// exchange is a test case: what is sent at once, and what must come back, in this order and nothing else.
type exchange struct {
	id   string
	send []frame
	chop int // bytes in a packet; 0: as many as there are
	want []frame
	code uint16 // the server fails the connection with it; 0: it stays, until the client closes it
}

// play runs the cases side by side.
func play(t *testing.T, s *server, cases []exchange) {
	for _, x := range cases {
		t.Run(x.id, func(t *testing.T) {
			t.Parallel()
			p := s.connect(t)
			b := appendFrames(nil, x.send)
			if x.chop == 0 {
				x.chop = len(b)
			}
			p.chop(b, x.chop)
			p.want(x.want...)
			if x.code != 0 {
				p.closes(x.code)
				return
			}
			p.bye()
		})
	}
}
