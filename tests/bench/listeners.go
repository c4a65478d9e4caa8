package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/gorilla/websocket"
)

// audience is all clients of a server that broadcasts: those that another process holds, and one here that asks for broadcasts.
type audience struct {
	clients *idleClients
	asking  *websocket.Conn
}

// gather connects an audience of n and one more. The caller has it leave.
func gather(address string, n int, compress bool) (*audience, error) {
	clients, err := startListeners(address, n, compress)
	if err != nil {
		return nil, err
	}
	conns, err := dial(address, 0, 1)
	if err != nil {
		clients.stop()
		return nil, err
	}
	return &audience{clients, conns[0]}, nil
}

func (a *audience) leave() {
	a.asking.Close()
	a.clients.stop()
}

// cry has one message sent to all, and returns when each has it.
func (a *audience) cry() error {
	if err := a.asking.WriteMessage(websocket.TextMessage, []byte(cry)); err != nil {
		return err
	}
	_, got, err := a.asking.ReadMessage()
	if err == nil && string(got) != cry {
		err = fmt.Errorf("got %.100q", got)
	}
	return errors.Join(err, a.clients.heard())
}

// listen is what holds clients that read: it tells each time when all of them have one more message.
func listen(ctx context.Context, conns []*websocket.Conn) {
	var messages atomic.Int64
	var group sync.WaitGroup
	for _, conn := range conns {
		group.Go(func() {
			for {
				if _, _, err := conn.NextReader(); err != nil { // the rest of a message is skipped
					return
				}
				if messages.Add(1)%int64(len(conns)) == 0 {
					fmt.Println("heard")
				}
			}
		})
	}
	<-ctx.Done()
	hangUp(conns)
	group.Wait()
}
