package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// Client is a WebSocket client that a library speaks for. Its methods that return no error fail the test.
type Client struct {
	T    testing.TB
	Conn *websocket.Conn
}

// NewClient returns the client of a connection, which the test's end closes.
func NewClient(tb testing.TB, conn *websocket.Conn) *Client {
	tb.Cleanup(func() { conn.Close() })
	return &Client{tb, conn}
}

// Headers are a browser's: a cookie and a user agent.
func Headers(cookie string) http.Header {
	return http.Header{"Cookie": {cookie}, "User-Agent": {"tests"}}
}

// Connect opens a WebSocket as a browser does, with a cookie and a user agent. The test's end closes it.
func (s *Server) Connect() *Client {
	s.T.Helper()
	return s.ConnectAs("login=anna")
}

// ConnectAs is Connect with another cookie.
func (s *Server) ConnectAs(cookie string) *Client {
	s.T.Helper()
	c, response, err := s.Dial("/", Headers(cookie))
	if err != nil {
		s.T.Fatalf("connect: %v (%v)", err, response)
	}
	return c
}

// ConnectMany connects n clients.
func (s *Server) ConnectMany(n int) (all []*Client) {
	s.T.Helper()
	for range n {
		all = append(all, s.Connect())
	}
	return all
}

// Dial is Connect for any path and header. It returns the refusal's response, if it is one, with its body readable.
func (s *Server) Dial(path string, h http.Header) (*Client, *http.Response, error) {
	s.T.Helper()
	dialer, scheme := websocket.Dialer{HandshakeTimeout: Patience, TLSClientConfig: s.Trust}, "ws"
	if s.Trust != nil {
		scheme = "wss"
	}
	conn, response, err := dialer.Dial(scheme+"://"+s.Address+path, h)
	if err != nil {
		return nil, response, err
	}
	return NewClient(s.T, conn), response, nil
}

// Refused returns the response to a handshake that must not succeed.
func (s *Server) Refused(h http.Header) *http.Response {
	s.T.Helper()
	_, response, err := s.Dial("/", h)
	if !errors.Is(err, websocket.ErrBadHandshake) {
		s.T.Fatalf("handshake: got %v, want a refusal", err)
	}
	return response
}

// Send sends a text.
func (c *Client) Send(text string) {
	c.T.Helper()
	if err := c.Conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		c.T.Fatalf("send: %v", err)
	}
}

// SendBinary sends a binary message.
func (c *Client) SendBinary(data string) {
	c.T.Helper()
	if err := c.Conn.WriteMessage(websocket.BinaryMessage, []byte(data)); err != nil {
		c.T.Fatalf("send: %v", err)
	}
}

// Ping returns when the server has read what was sent before. No message may be on its way.
func (c *Client) Ping() {
	c.T.Helper()
	if err := c.Conn.WriteMessage(websocket.PingMessage, []byte("read?")); err != nil {
		c.T.Fatal(err)
	}
	pong := make([]byte, len("\x8a\x05read?"))
	_ = c.Conn.SetReadDeadline(time.Now().Add(Patience))
	if _, err := io.ReadFull(c.Conn.NetConn(), pong); err != nil || string(pong) != "\x8a\x05read?" {
		c.T.Fatalf("got %q, %v", pong, err)
	}
}

// Receive returns the next message, which must be text.
func (c *Client) Receive() string {
	c.T.Helper()
	op, data := c.Next()
	if op != websocket.TextMessage {
		c.T.Fatalf("got message type %d (%q), want text", op, data)
	}
	return string(data)
}

// Next returns the next message and its type.
func (c *Client) Next() (op int, data []byte) {
	c.T.Helper()
	_ = c.Conn.SetReadDeadline(time.Now().Add(Patience))
	op, data, err := c.Conn.ReadMessage()
	if err != nil {
		c.T.Fatalf("receive: %v", err)
	}
	return op, data
}

// Ask sends a text and returns the next message.
func (c *Client) Ask(text string) string {
	c.T.Helper()
	c.Send(text)
	return c.Receive()
}

// TryAsk is Ask for goroutines: it scans the answer and returns an error.
func (c *Client) TryAsk(text, format string, values ...any) (int, error) {
	_ = c.Conn.SetReadDeadline(time.Now().Add(Patience))
	if err := c.Conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		return 0, err
	}
	_, data, err := c.Conn.ReadMessage()
	if err != nil {
		return 0, err
	}
	return fmt.Sscanf(string(data), format, values...)
}

// Want fails the test unless the next message is text.
func (c *Client) Want(text string) {
	c.T.Helper()
	if got := c.Receive(); got != text {
		c.T.Fatalf("got %.200q, want %.200q", got, text)
	}
}

// WantJSON decodes the next message into v.
func (c *Client) WantJSON(v any) {
	c.T.Helper()
	text := c.Receive()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		c.T.Fatalf("%v in %.300q", err, text)
	}
}

// Closed waits for the end of the connection and returns the close code, 0 if there was no close frame, and the reason.
// Then it hangs up, as browsers do. Messages before the end are an error.
func (c *Client) Closed() (code int, reason string) {
	c.T.Helper()
	defer c.HangUp() // the server waits for it
	_ = c.Conn.SetReadDeadline(time.Now().Add(Patience))
	_, data, err := c.Conn.ReadMessage()
	frame, framed := errors.AsType[*websocket.CloseError](err)
	switch {
	case err == nil:
		c.T.Fatalf("got message %.200q, want the end", data)
	case framed && frame.Code != websocket.CloseAbnormalClosure:
		return frame.Code, frame.Text
	case framed, errors.Is(err, io.EOF), strings.Contains(err.Error(), "reset"):
	default:
		c.T.Fatalf("the connection did not end: %v", err)
	}
	return 0, ""
}

// Close ends the connection as a browser does and waits for the answer.
func (c *Client) Close(code int) int {
	c.T.Helper()
	c.SendClose(code)
	got, _ := c.Closed()
	return got
}

// SendClose is Close without the wait.
func (c *Client) SendClose(code int) {
	c.T.Helper()
	deadline := time.Now().Add(Patience)
	if err := c.Conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), deadline); err != nil {
		c.T.Fatalf("close: %v", err)
	}
}

// Leave ends the connection as Close does, whatever messages are still on their way.
func (c *Client) Leave() {
	c.T.Helper()
	defer c.HangUp()
	deadline := time.Now().Add(Patience)
	_ = c.Conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), deadline)
	_ = c.Conn.SetReadDeadline(deadline)
	for {
		if _, _, err := c.Conn.ReadMessage(); err != nil {
			return
		}
	}
}

// HangUp ends the connection without a close frame.
func (c *Client) HangUp() { c.Conn.NetConn().Close() }

// WantAll wants messages of each of some clients.
func WantAll(clients []*Client, texts ...string) {
	for _, c := range clients {
		c.T.Helper()
		for _, text := range texts {
			c.Want(text)
		}
	}
}

// Together runs do for each client at the same time, and waits for all.
func Together(clients []*Client, do func(i int, c *Client)) {
	var group sync.WaitGroup
	for i, c := range clients {
		group.Go(func() { do(i, c) })
	}
	group.Wait()
}
