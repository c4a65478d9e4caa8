package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

// bareLoop is the least that a broadcast can be with gorilla's package: a prepared message, written to one connection after
// the other. A connection that does not take it holds up the rest.
type bareLoop struct {
	upgrader websocket.Upgrader
	writes   *writes

	mu    sync.Mutex // guards conns
	conns []*websocket.Conn
}

func startBareBroadcaster(_ context.Context, w *writes, compress bool) (*broadcaster, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: &bareLoop{writes: w, upgrader: websocket.Upgrader{ReadBufferSize: 512, WriteBufferPool: &sync.Pool{},
		EnableCompression: compress}}}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	return &broadcaster{name: "bare loop", address: l.Addr().String(), writes: w, stop: func() error {
		err := server.Close() // its clients have hung up, which ends their readers
		if served := <-served; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}}, nil
}

func (b *bareLoop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := b.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // it has been answered
	}
	defer conn.Close()
	b.mu.Lock()
	b.conns = append(b.conns, conn)
	b.mu.Unlock()
	for {
		kind, text, err := conn.ReadMessage()
		if err != nil || b.broadcast(kind, text) != nil {
			return
		}
	}
}

func (b *bareLoop) broadcast(kind int, text []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	prepared, err := websocket.NewPreparedMessage(kind, text)
	if err != nil {
		return err
	}
	for _, conn := range b.conns {
		if err := conn.WritePreparedMessage(prepared); err != nil {
			return err
		}
		b.writes.count()
	}
	return nil
}
