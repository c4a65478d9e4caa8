package compose

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// client is a browser that has opened the demo's page: what it receives is JSON with an event's name.
type client struct{ *harness.Client }

// connect opens a WebSocket through nginx, from the page's origin, as a browser does. The address that it claims to have must not count.
func (p *project) connect(name string) *client {
	p.t.Helper()
	dialer := websocket.Dialer{HandshakeTimeout: harness.Patience}
	conn, response, err := dialer.Dial("ws://"+p.address+"/?room=lobby", http.Header{
		"Cookie": {"chat_name=" + name}, "User-Agent": {"tests"}, "Origin": {"http://" + p.address},
		"X-Forwarded-For": {"192.0.2.1"},
	})
	if err != nil {
		p.t.Fatalf("connect: %v (%v)", err, response)
	}
	c := &client{harness.NewClient(p.t, conn)}
	c.want("welcome")
	return c
}

func (c *client) say(text string) {
	c.T.Helper()
	if err := c.Conn.WriteJSON(map[string]string{"cmd": "say", "text": text}); err != nil {
		c.T.Fatalf("say: %v", err)
	}
}

// message is what the demo's handlers send, in part.
type message struct{ Event, From, Text string }

// want returns the next message of that event and skips others.
func (c *client) want(event string) message {
	c.T.Helper()
	for {
		var m message
		if c.WantJSON(&m); m.Event == event {
			return m
		}
	}
}

// closed waits for the end of the connection and returns the close frame's code, or 1006 if there was none.
func (c *client) closed() int {
	c.T.Helper()
	_ = c.Conn.SetReadDeadline(time.Now().Add(harness.Patience))
	for {
		_, data, err := c.Conn.ReadMessage()
		if frame, ok := errors.AsType[*websocket.CloseError](err); ok {
			return frame.Code
		}
		if err != nil {
			c.T.Fatalf("the connection did not end well: %v (%.300q)", err, data)
		}
	}
}

// wantMessage fails the test unless the next message that each of the clients gets is this one.
func wantMessage(t *testing.T, from, text string, clients ...*client) {
	t.Helper()
	for _, c := range clients {
		if got := c.want("message"); got.From != from || got.Text != text {
			t.Errorf("got %+v, want %q from %s", got, text, from)
		}
	}
}
