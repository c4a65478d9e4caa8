package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/gorilla/websocket"
)

// loud is the client that has its messages sent to all, itself among them.
type loud struct{ *websocket.Conn }

func dialLoud(address string) (*loud, error) {
	conns, err := dial(address, 0, 1)
	if err != nil {
		return nil, err
	}
	return &loud{conns[0]}, nil
}

func (l *loud) cry() error {
	if err := l.WriteMessage(websocket.TextMessage, []byte(cry)); err != nil {
		return err
	}
	_, got, err := l.ReadMessage()
	if err == nil && string(got) != cry {
		err = fmt.Errorf("got %.100q", got)
	}
	return err
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
