package process

import (
	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// step is something that happens to the server. It ends when each client has received what came of it.
type step struct {
	name string
	do   func(p *player)
	lost string // what a request per event does not keep of it; empty: it answers as one process
}

// loses says what a request per event does not keep.
func (s step) loses(what string) step {
	s.lost = what
	return s
}

// enters connects a client.
func enters(name string) step {
	return step{name: name + " enters", do: func(p *player) {
		p.T.Helper()
		p.clients[name] = p.ConnectAs("login=" + name)
		p.settle(name)
	}}
}

// isRefused connects a client that the application refuses.
func isRefused(name string) step {
	return step{name: name + " is refused", do: func(p *player) {
		p.T.Helper()
		response := p.Refused(harness.Headers("login=" + name))
		p.note(name, response.Status[:3])
		p.everyone("left|")
		p.settle("")
	}}
}

// says sends a text, and reads what came of its event.
func says(name, text string) step {
	return step{name: name + " says " + text, do: func(p *player) {
		p.T.Helper()
		p.send(name, text)
		p.settle(name)
	}}
}

// waits is says for what a later turn of the loop answers: the application says when enough have passed.
func waits(name, text string) step {
	return step{name: name + " says " + text + " and waits", do: func(p *player) {
		p.T.Helper()
		p.send(name, text)
		p.await(name, "turns|over")
		p.settle(name)
	}}
}

func (p *player) send(name, text string) {
	p.T.Helper()
	if p.clients[name] == nil {
		p.note(name, "is not connected")
		return
	}
	_ = p.clients[name].Conn.WriteMessage(websocket.TextMessage, []byte(text)) // a connection that has ended shows when it is read
}

// isWritten writes a document to the pipe.
func isWritten(document string) step {
	return step{name: "the pipe gets " + document, do: func(p *player) {
		p.T.Helper()
		p.WritePipe(document)
		p.everyone("pipe|")
		p.settle("")
	}}
}

// leaves closes a client's connection as a browser does.
func leaves(name string) step {
	return step{name: name + " leaves", do: func(p *player) {
		p.T.Helper()
		if c := p.clients[name]; c != nil {
			c.SendClose(websocket.CloseNormalClosure)
			p.await(name, "closed")
		}
		p.settle("")
	}}
}

// hangsUp ends a client's connection without a word.
func hangsUp(name string) step {
	return step{name: name + " hangs up", do: func(p *player) {
		p.T.Helper()
		if c := p.clients[name]; c != nil {
			c.HangUp()
			delete(p.clients, name)
			p.everyone("leaves|" + name)
		}
		p.settle("")
	}}
}

// theServerStops ends the server.
func theServerStops() step {
	return step{name: "the server stops", do: (*player).end}
}
