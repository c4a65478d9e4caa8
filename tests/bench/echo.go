package main

import (
	"context"
	"net"
	"net/http"

	"github.com/gorilla/websocket"
)

// startEcho runs this program again as a server that only echoes.
func startEcho(options, *php) (*program, error) {
	c, err := newChild(func(*child) map[string]string { return nil })
	if err != nil {
		return nil, err
	}
	if err := c.start(c.accepts, "/proc/self/exe", "-echo", c.address); err != nil {
		return nil, err
	}
	r := c.echoes()
	r.server, r.counted, r.php = c.tree, c.tree, none
	return r, nil
}

// serveEcho is that server.
func serveEcho(ctx context.Context, o options) error {
	if err := allowFiles(idleOfOthers + o.clients); err != nil {
		return err
	}
	l, err := net.Listen("tcp", o.echo)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { l.Close() })
	upgrader := websocket.Upgrader{ReadBufferSize: 512, WriteBufferSize: 512}
	err = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := upgrader.Upgrade(w, r, nil); err == nil {
			sendBack(conn)
		}
	}))
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func sendBack(conn *websocket.Conn) {
	defer conn.Close()
	for {
		kind, text, err := conn.ReadMessage()
		if err != nil || conn.WriteMessage(kind, text) != nil {
			return
		}
	}
}

// echoes describes a child whose WebSockets echo.
func (c *child) echoes() *program {
	return &program{
		address: c.address, idle: idleOfOthers, stop: c.stop,
		connect: func(n int) ([]call, func(), error) { return echoes(c.address, n) },
	}
}
