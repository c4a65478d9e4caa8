package main

import (
	"fmt"
	"io"
	"net"

	"github.com/gorilla/websocket"
)

// plainConn is a client's socket that carries one message again and again and allocates nothing for it.
type plainConn struct {
	net.Conn
	frame, got []byte
}

// plain takes a WebSocket's socket, which must have nothing on its way.
func plain(conn *websocket.Conn) *plainConn {
	const final, text, masked = 1 << 7, 1, 1 << 7                                              // RFC 6455, 5.2
	frame := append([]byte{final | text, masked | byte(len(message)), 0, 0, 0, 0}, message...) // a mask of zeros
	return &plainConn{conn.NetConn(), frame, make([]byte, 2+len(message))}
}

func plainConns(conns []*websocket.Conn) (all []*plainConn) {
	for _, conn := range conns {
		all = append(all, plain(conn))
	}
	return all
}

func (c *plainConn) send() error {
	_, err := c.Write(c.frame)
	return err
}

// receive waits for the message's return: a frame of the server's has no mask.
func (c *plainConn) receive() error {
	if _, err := io.ReadFull(c, c.got); err != nil {
		return err
	}
	if string(c.got[2:]) != message {
		return fmt.Errorf("got %q", c.got)
	}
	return nil
}

func (c *plainConn) echo() error {
	if err := c.send(); err != nil {
		return err
	}
	return c.receive()
}
