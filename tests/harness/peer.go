package harness

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

// Anybody is configuration for clients that say nothing of themselves, as a Peer does not.
const Anybody = "server.require_cookie = false\nserver.require_user_agent = false\n"

// Peer is the client's end of a connection, which can send anything. Its methods that return no error fail the test.
type Peer struct {
	T          testing.TB
	Conn       net.Conn
	Extensions string // agreed to

	r *bufio.Reader
}

// Open connects from an address of this machine, 127.0.0.1 to 127.255.255.254, and sends bytes as they are: a
// handshake, or what is none. The test's end closes the connection.
func (s *Server) Open(from, request string) *Peer {
	s.T.Helper()
	p, err := s.open(from)
	if err != nil {
		s.T.Fatal(err)
	}
	_, _ = io.WriteString(p.Conn, request) // a server that has answered already may not take all of it
	return p
}

func (s *Server) open(from string) (*Peer, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.Dial("tcp", s.Address)
	if err != nil {
		return nil, err
	}
	s.T.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(Patience))
	if s.Trust != nil {
		trust := s.Trust.Clone()
		trust.ServerName = "127.0.0.1"
		conn = tls.Client(conn, trust)
	}
	return &Peer{T: s.T, Conn: conn, r: bufio.NewReader(conn)}, nil
}

// Peer opens a WebSocket, with further header lines. The test's end closes it.
func (s *Server) Peer(header ...string) *Peer {
	s.T.Helper()
	p, response := s.Handshake(header...)
	if response.StatusCode != http.StatusSwitchingProtocols {
		s.T.Fatalf("handshake: %s", response.Status)
	}
	return p
}

// Handshake is Peer, whatever the answer.
func (s *Server) Handshake(header ...string) (*Peer, *http.Response) {
	s.T.Helper()
	p, response, err := s.TryHandshake(header...)
	if err != nil {
		s.T.Fatalf("handshake: %v", err)
	}
	return p, response
}

// TryHandshake is Handshake for callers that can do with an error, such as goroutines.
func (s *Server) TryHandshake(header ...string) (*Peer, *http.Response, error) {
	p, err := s.open("127.0.0.1")
	if err != nil {
		return nil, nil, err
	}
	if _, err := io.WriteString(p.Conn, s.Request(header...)); err != nil {
		return nil, nil, err
	}
	response, err := http.ReadResponse(p.r, nil)
	if err != nil {
		return nil, nil, err
	}
	p.Extensions = response.Header.Get("Sec-WebSocket-Extensions")
	return p, response, nil
}

// Request is a good handshake, with further header lines.
func (s *Server) Request(header ...string) string {
	lines := append([]string{"GET / HTTP/1.1", "Host: " + s.Address, "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"}, header...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// Answer returns the HTTP response; if the connection ends without one, its status code is 0 and its status says how.
func (p *Peer) Answer() *http.Response {
	p.T.Helper()
	response, err := http.ReadResponse(p.r, nil)
	if err != nil {
		if network, ok := err.(net.Error); ok && network.Timeout() {
			p.T.Fatal("no answer, and no end")
		}
		return &http.Response{Status: err.Error(), Body: http.NoBody}
	}
	return response
}

// Send writes frames at once.
func (p *Peer) Send(frames ...Frame) {
	p.T.Helper()
	p.Write(AppendAll(nil, frames))
}

// Write writes bytes as they are.
func (p *Peer) Write(b []byte) {
	p.T.Helper()
	if _, err := p.Conn.Write(b); err != nil {
		p.T.Fatalf("write: %v", err)
	}
}

// Chop writes b in pieces of that many bytes, each a packet of its own.
func (p *Peer) Chop(b []byte, each int) {
	p.T.Helper()
	for len(b) > each {
		p.Write(b[:each])
		b = b[each:]
	}
	p.Write(b)
}

// Next returns the next message or control frame. Fragments of a message are joined, and their order is checked.
func (p *Peer) Next() Frame {
	p.T.Helper()
	f := p.read()
	for more := f.More; more; {
		part := p.read()
		if part.Op != OpContinuation || part.RSV != 0 {
			p.T.Fatalf("got %v within a message", part)
		}
		f.Payload += part.Payload
		more = part.More
	}
	f.More = false
	return f
}

func (p *Peer) read() Frame {
	p.T.Helper()
	f, err := p.ReadFrame()
	if err != nil {
		p.T.Fatalf("read: %v", err)
	}
	return f
}

// ReadFrame returns the next frame, or how reading has ended.
func (p *Peer) ReadFrame() (Frame, error) { return readFrame(p.r) }

// Line returns what comes up to the end of a line.
func (p *Peer) Line() string {
	p.T.Helper()
	line, err := p.r.ReadString('\n')
	if err != nil {
		p.T.Fatalf("read: got %q, %v", line, err)
	}
	return line
}

// WantBytes wants these bytes next, whatever they mean.
func (p *Peer) WantBytes(want string) {
	p.T.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(p.r, got); err != nil || string(got) != want {
		p.T.Fatalf("got %.200q, %v, want %.200q", got[:n], err, want)
	}
}

// WantRest wants these bytes and then the end of the connection, which must not be a reset.
func (p *Peer) WantRest(want string) {
	p.T.Helper()
	got, err := io.ReadAll(p.r)
	if err != nil || string(got) != want {
		p.T.Fatalf("got %d bytes %.200q, %v, want %d bytes %.200q", len(got), got, err, len(want), want)
	}
	p.Conn.Close()
}

// CloseWrite ends what the client sends.
func (p *Peer) CloseWrite() {
	p.T.Helper()
	if err := p.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		p.T.Fatal(err)
	}
}

// Discard reads whatever comes until the connection ends, and returns how it has.
func (p *Peer) Discard() error {
	_, err := io.Copy(io.Discard, p.r)
	return err
}

// Want fails the test unless these are what comes next.
func (p *Peer) Want(frames ...Frame) {
	p.T.Helper()
	for _, f := range frames {
		if got := p.Next(); got != f {
			p.T.Fatalf("got %v, want %v", got, f)
		}
	}
}

// Closes takes the server's close frame, which must carry the code, and the end of the connection after it, which must
// not be a reset.
func (p *Peer) Closes(code uint16) {
	p.T.Helper()
	f := p.Next()
	if f.Op != OpClose || len(f.Payload) < 2 || binary.BigEndian.Uint16([]byte(f.Payload)) != code {
		p.T.Fatalf("got %v, want a close frame with %d", f, code)
	}
	p.Ends()
}

// Ends wants the end of the connection.
func (p *Peer) Ends() {
	p.T.Helper()
	if f, err := p.ReadFrame(); !errors.Is(err, io.EOF) {
		p.T.Fatalf("got %v, %v, want the end", f, err)
	}
	p.Conn.Close()
}

// Bye closes as a client does and waits for the server to agree.
func (p *Peer) Bye() {
	p.T.Helper()
	p.Send(Closing(1000, ""))
	p.Closes(1000)
}
