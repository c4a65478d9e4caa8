package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gorilla/websocket"
)

// broadcastText is what is broadcast, about a kilobyte of JSON.
var broadcastText = `{"room":"lobby","lines":[` + strings.Repeat(`"a chat message of common size, neither long nor short",`, 18) + `"."]}`

// audience is all clients of a server that broadcasts: listeners that another process holds, and one here that asks for broadcasts.
type audience struct {
	listeners *heldClients
	asking    *websocket.Conn
}

// gather connects an audience of n and one more. The caller has it leave.
func gather(address string, n int, compress bool) (*audience, error) {
	listeners, err := holdListeners(address, n, compress)
	if err != nil {
		return nil, err
	}
	conns, err := dial(address, 0, 1, false)
	if err != nil {
		listeners.stop()
		return nil, err
	}
	return &audience{listeners, conns[0]}, nil
}

func (a *audience) leave() {
	a.asking.Close()
	a.listeners.stop()
}

// broadcast has one message sent to all, and returns when each has it.
func (a *audience) broadcast() error {
	if err := a.asking.WriteMessage(websocket.TextMessage, []byte(broadcastText)); err != nil {
		return err
	}
	_, got, err := a.asking.ReadMessage()
	if err == nil && string(got) != broadcastText {
		err = fmt.Errorf("got %.100q", got)
	}
	return errors.Join(err, a.listeners.heard())
}
