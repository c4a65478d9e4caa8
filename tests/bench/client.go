package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// message is what every event carries.
const message = `{"room":"lobby","text":"a chat message of common size, neither long nor short"}`

// dial opens n WebSockets, of users with numbers from first on, that offer compression or not.
func dial(address string, first, n int, compress bool) ([]*websocket.Conn, error) {
	d := websocket.Dialer{HandshakeTimeout: time.Minute, ReadBufferSize: 512, WriteBufferSize: 512, EnableCompression: compress}
	conns := make([]*websocket.Conn, 0, n)
	for i := range n {
		h := http.Header{"Cookie": {fmt.Sprintf("login=user%d", first+i)}, "User-Agent": {"bench"}}
		conn, answer, err := d.Dial("ws://"+address+"/", h)
		if err != nil {
			hangUp(conns)
			if answer != nil {
				err = fmt.Errorf("%w: %s", err, answer.Status)
			}
			return nil, fmt.Errorf("connect client %d: %w", i+1, err)
		}
		conns = append(conns, conn)
	}
	return conns, nil
}

func hangUp(conns []*websocket.Conn) {
	for _, c := range conns {
		c.Close()
	}
}

// client is a WebSocket's socket that carries one message again and again and allocates nothing for it.
type client struct {
	net.Conn
	frame, got []byte
}

// plain takes the socket of a WebSocket that has nothing to read yet.
func plain(conn *websocket.Conn) *client { return plainOf(conn, websocket.TextMessage) }

// plainOf is plain for messages of that kind. Texts answer them.
func plainOf(conn *websocket.Conn, kind int) *client {
	return &client{conn.NetConn(), clientFrame(kind, message), make([]byte, 2+len(message))}
}

// dialPlain dials n WebSockets as clients.
func dialPlain(address string, n int) (clients []*client, hangUpAll func(), err error) {
	conns, err := dial(address, 0, n, false)
	if err != nil {
		return nil, nil, err
	}
	for _, conn := range conns {
		clients = append(clients, plain(conn))
	}
	return clients, func() { hangUp(conns) }, nil
}

func (c *client) send() error {
	_, err := c.Write(c.frame)
	return err
}

// receive waits for the message's return. A server's frame has no mask.
func (c *client) receive() error {
	if _, err := io.ReadFull(c, c.got); err != nil {
		return err
	}
	if string(c.got[2:]) != message {
		return fmt.Errorf("got %q", c.got)
	}
	return nil
}

func (c *client) echo() error {
	if err := c.send(); err != nil {
		return err
	}
	return c.receive()
}

// echoes dials n WebSockets that echo.
func echoes(address string, n int) (callers []call, hangUpAll func(), err error) {
	clients, hangUpAll, err := dialPlain(address, n)
	for _, c := range clients {
		callers = append(callers, c.echo)
	}
	return callers, hangUpAll, err
}
