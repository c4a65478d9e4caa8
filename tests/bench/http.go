package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// httpEcho answers a request with its body.
const httpEcho = `<?php
header('Content-Type: text/plain');
echo file_get_contents('php://input');
`

// startHTTP runs nginx in front of php-fpm, as for a web page.
func startHTTP(_ options, p *php) (*program, error) {
	c, err := startNginx(p, httpEcho)
	if err != nil {
		return nil, err
	}
	connect := func(n int) ([]call, func(), error) { return posts("tcp", c.address, n, post) }
	return &program{server: c.tree, php: p.processes, connect: connect, stop: c.stop}, nil
}

// posts connects n HTTP clients that keep their connections, on each of which one makes the calls.
func posts(network, address string, n int, one func(net.Conn) call) (callers []call, hangUp func(), err error) {
	var conns []net.Conn
	hangUp = func() {
		for _, c := range conns {
			c.Close()
		}
	}
	for range n {
		conn, err := net.Dial(network, address)
		if err != nil {
			hangUp()
			return nil, nil, err
		}
		conns, callers = append(conns, conn), append(callers, one(conn))
	}
	return callers, hangUp, nil
}

// post sends the message in a request and waits for its return.
func post(conn net.Conn) call {
	request := fmt.Sprintf("POST / HTTP/1.1\r\nHost: bench\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
		len(message), message)
	in := bufio.NewReader(conn)
	return func() error {
		if _, err := io.WriteString(conn, request); err != nil {
			return err
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		var got strings.Builder
		if _, err := io.Copy(&got, resp.Body); err != nil {
			return err
		}
		if got.String() != message {
			return errors.Join(fmt.Errorf("got %q", got.String()), resp.Body.Close())
		}
		return resp.Body.Close()
	}
}
