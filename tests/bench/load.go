package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// call is one caller's event, answered.
type call func() error

// drive has every caller call again and again for some time and returns how long each call took.
func drive(ctx context.Context, callers []call, d time.Duration) (latencies, time.Duration, error) {
	measuring, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	took := make(latencies, len(callers))
	errs := make([]error, len(callers))
	var group sync.WaitGroup
	began := time.Now()
	for i, c := range callers {
		group.Go(func() { took[i], errs[i] = repeat(measuring, c) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, 0, err
		}
	}
	return took, time.Since(began), ctx.Err() // interrupted, there may be nothing to divide by
}

func repeat(ctx context.Context, c call) (took []time.Duration, err error) {
	for ctx.Err() == nil {
		began := time.Now()
		if err := c(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// dial opens n WebSockets, of users with numbers from first on.
func dial(address string, first, n int) ([]*websocket.Conn, error) {
	return dialWith(address, first, n, false)
}

func dialWith(address string, first, n int, compress bool) ([]*websocket.Conn, error) {
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
			return nil, fmt.Errorf("connect client %d: %w", len(conns)+1, err)
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

// message is what every event carries.
const message = `{"room":"lobby","text":"a chat message of common size, neither long nor short"}`

// echo sends the message on conn and waits for its return. Nothing was sent on conn yet.
func echo(conn *websocket.Conn) call { return plain(conn).echo }

// echoes dials n WebSockets that echo.
func echoes(address string, n int) (callers []call, hangUpAll func(), err error) {
	conns, err := dial(address, 0, n)
	if err != nil {
		return nil, nil, err
	}
	for _, conn := range conns {
		callers = append(callers, echo(conn))
	}
	return callers, func() { hangUp(conns) }, nil
}
