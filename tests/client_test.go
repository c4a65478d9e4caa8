package tests

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// client is a WebSocket client of a server.
type client struct {
	t    *testing.T
	conn *websocket.Conn
}

func headers(cookie string) http.Header {
	return http.Header{"Cookie": {cookie}, "User-Agent": {"tests"}}
}

// connect opens a WebSocket with a cookie and a user agent, as browsers do.
func (s *server) connect() *client {
	s.t.Helper()
	return s.connectAs("login=anna")
}

func (s *server) connectAs(cookie string) *client {
	s.t.Helper()
	c, response, err := s.dial("/", headers(cookie))
	if err != nil {
		s.t.Fatalf("connect: %v (%v)", err, response)
	}
	return c
}

// dial returns the refusal's response, if it is one, with its body readable.
func (s *server) dial(path string, h http.Header) (*client, *http.Response, error) {
	s.t.Helper()
	dialer, scheme := websocket.Dialer{HandshakeTimeout: patience, TLSClientConfig: s.trust}, "ws"
	if s.trust != nil {
		scheme = "wss"
	}
	conn, response, err := dialer.Dial(scheme+"://"+s.address+path, h)
	if err != nil {
		return nil, response, err
	}
	c := &client{s.t, conn}
	s.t.Cleanup(func() { conn.Close() })
	return c, response, nil
}

// refused returns the status of a handshake that must not succeed.
func (s *server) refused(h http.Header) *http.Response {
	s.t.Helper()
	_, response, err := s.dial("/", h)
	if !errors.Is(err, websocket.ErrBadHandshake) {
		s.t.Fatalf("handshake: got %v, want a refusal", err)
	}
	return response
}

func (c *client) send(text string) {
	c.t.Helper()
	if err := c.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// receive returns the next message, which must be text.
func (c *client) receive() string {
	c.t.Helper()
	op, data := c.next()
	if op != websocket.TextMessage {
		c.t.Fatalf("got message type %d (%q), want text", op, data)
	}
	return string(data)
}

func (c *client) next() (op int, data []byte) {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	op, data, err := c.conn.ReadMessage()
	if err != nil {
		c.t.Fatalf("receive: %v", err)
	}
	return op, data
}

// ask sends a text and returns the next message.
func (c *client) ask(text string) string {
	c.t.Helper()
	c.send(text)
	return c.receive()
}

// tryAsk is ask for goroutines: it scans the answer and returns an error.
func (c *client) tryAsk(text, format string, values ...any) (int, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	if err := c.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		return 0, err
	}
	_, data, err := c.conn.ReadMessage()
	if err != nil {
		return 0, err
	}
	return fmt.Sscanf(string(data), format, values...)
}

// want fails the test unless the next message is text.
func (c *client) want(text string) {
	c.t.Helper()
	if got := c.receive(); got != text {
		c.t.Fatalf("got %.200q, want %.200q", got, text)
	}
}

// wantJSON decodes the next message into v.
func (c *client) wantJSON(v any) {
	c.t.Helper()
	text := c.receive()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		c.t.Fatalf("%v in %.300q", err, text)
	}
}

// closed waits for the end of the connection and returns the close code, 0 if there was no close frame, and the reason.
// Messages before it are an error.
func (c *client) closed() (code int, reason string) {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	_, data, err := c.conn.ReadMessage()
	var frame *websocket.CloseError
	switch {
	case err == nil:
		c.t.Fatalf("got message %.200q, want the end", data)
	case errors.As(err, &frame) && frame.Code != websocket.CloseAbnormalClosure:
		return frame.Code, frame.Text
	case errors.Is(err, io.EOF), frame != nil, strings.Contains(err.Error(), "reset"):
		return 0, ""
	default:
		c.t.Fatalf("the connection did not end: %v", err)
	}
	return 0, ""
}

// close ends the connection as a browser does and waits for the answer.
func (c *client) close(code int) int {
	c.t.Helper()
	c.sendClose(code)
	got, _ := c.closed()
	return got
}

func (c *client) sendClose(code int) {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	if err := c.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), deadline); err != nil {
		c.t.Fatalf("close: %v", err)
	}
}

// leave ends the connection as close does, whatever messages are still on their way.
func (c *client) leave() {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	_ = c.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), deadline)
	_ = c.conn.SetReadDeadline(deadline)
	for {
		if _, _, err := c.conn.ReadMessage(); err != nil {
			return
		}
	}
}

// hangUp ends the connection without a close frame.
func (c *client) hangUp() { c.conn.NetConn().Close() }
