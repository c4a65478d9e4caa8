package bridge

import (
	"context"
	"fmt"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestTotalsOfClientsByTheirState(t *testing.T) {
	t.Parallel()
	answers, leave := make(chan string), make(chan struct{})
	s := serveApplication(t, &standin{handlers: map[protocol.Kind]handler{
		protocol.Authenticate: func(ctx context.Context, _ *protocol.Event, _ func(*protocol.Effect) error) string {
			select {
			case answer := <-answers:
				return answer
			case <-ctx.Done():
				return "false"
			}
		},
		protocol.Closing: blocksUntil(leave),
	}}, nil)
	are := func(open, connecting, all int) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d are open and %d connecting, of %d", open, connecting, all), func() bool {
			now := s.Totals()
			return now.Open == open && now.Connecting == connecting && now.Clients == all
		})
	}
	dial := func() <-chan *websocket.Conn {
		conns := make(chan *websocket.Conn, 1)
		go func() {
			conn, _, _ := websocket.DefaultDialer.Dial("ws://"+s.address, nil)
			conns <- conn
		}()
		return conns
	}

	refused := dial()
	are(0, 1, 1)
	answers <- "false"
	leave <- struct{}{} // a refused client has its close event before it is answered
	if conn := <-refused; conn != nil {
		t.Fatal("was let in")
	}
	are(0, 0, 0)

	comes := dial()
	are(0, 1, 1)
	answers <- "true"
	conn := <-comes
	if conn == nil {
		t.Fatal("was refused")
	}
	are(1, 0, 1)

	conn.Close()
	eventually(t, "it leaves", func() bool { return s.Totals().Running == 1 })
	if now := s.Totals(); now.Connecting != 0 || now.Clients != 1 {
		t.Errorf("while its close event runs: %+v", now)
	}
	close(leave)
	are(0, 0, 0)
}

func TestTotalsOfQueues(t *testing.T) {
	t.Parallel()
	proceed := make(chan struct{})
	s := serveApplication(t, blocked(proceed), nil)
	one, other := s.connect(), s.connect() // before an event runs alone
	say(t, one, "four")
	say(t, other, "four")
	eventually(t, "one runs and one waits", func() bool {
		now := s.Totals()
		return now.Running == 1 && now.Queued == 2 && now.Waiting == 1 && now.WaitingBytes == 8
	})
	if room := s.Room(); room.Events != 1000 || room.EventBytes != 64<<20 || room.Documents <= 0 {
		t.Errorf("there is room for %+v", room)
	}
	close(proceed)
	eventually(t, "both are over", func() bool {
		now := s.Totals()
		return now.Queued == 0 && now.WaitingBytes == 0 && now.Running == 0 && now.Documents == 0
	})
}
