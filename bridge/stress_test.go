package bridge

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/protocol"
)

// chaos is an application whose handlers take some time, and send to and close random clients. It checks that the events of each client run
// one at a time, and none after its close event.
type chaos struct {
	standin
	t *testing.T

	mu      sync.Mutex // guards the fields below
	running map[int64]protocol.Kind
	closed  map[int64]bool
}

func (a *chaos) handle(ctx context.Context, e *protocol.Event, apply func(*protocol.Effect) error) string {
	a.begin(e)
	defer a.end(e)
	select {
	case <-time.After(time.Duration(rand.N(3)) * time.Millisecond):
	case <-ctx.Done():
	}
	other := rand.Int64N(60)
	send := &protocol.Send{To: protocol.Recipients{Keys: []int64{e.Client, other}, Open: rand.N(20) == 0}, Payload: []byte("news")}
	_ = apply(&protocol.Effect{Seq: e.Seq, Send: send})
	if rand.N(10) == 0 {
		_ = apply(&protocol.Effect{Seq: e.Seq, Close: &protocol.Close{Client: other, Code: 4000, Handled: rand.N(2) == 0}})
	}
	return fmt.Sprint(e.Kind != protocol.Authenticate || rand.N(10) > 0)
}

func (a *chaos) begin(e *protocol.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e.Client == 0 {
		return
	}
	if kind, ok := a.running[e.Client]; ok || a.closed[e.Client] {
		a.t.Errorf("client %d: %s beside %q, or after its close event: %v", e.Client, e.Kind, kind, a.closed[e.Client])
	}
	a.running[e.Client] = e.Kind
	a.closed[e.Client] = e.Kind == protocol.Closing
}

func (a *chaos) end(e *protocol.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.running, e.Client)
}

// visit is a client that sends some texts and leaves, with a close frame or without.
func (s *served) visit() {
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+s.address, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	go func() {
		for {
			if _, _, err := conn.NextReader(); err != nil {
				return
			}
		}
	}()
	for range rand.N(20) {
		if conn.WriteMessage(websocket.TextMessage, []byte("text")) != nil {
			return
		}
		time.Sleep(time.Duration(rand.N(2)) * time.Millisecond)
	}
	if rand.N(2) == 0 {
		_ = conn.WriteMessage(websocket.CloseMessage, nil)
		time.Sleep(time.Millisecond)
	}
}

// operate does what operators do, at random.
func (s *served) operate() {
	for range 30 {
		time.Sleep(time.Duration(rand.N(5)) * time.Millisecond)
		switch rand.N(5) {
		case 0:
			_ = s.Pause()
		case 1:
			_ = s.reconfigure(func(c *Config) { c.Parallel, c.QueueWait = 1+rand.N(4), time.Duration(1+rand.N(30))*time.Millisecond })
		case 2:
			_ = s.CloseClient(rand.Int64N(60), 0, "")
		case 3:
			_, _, _ = s.Broadcast(nil, false, []byte("news"))
		}
		s.Resume()
	}
}

// Nothing is left of any client, whatever happens to it.
func TestBridgeUnderStress(t *testing.T) {
	for name, drain := range map[string]time.Duration{"a drain in time": 10 * time.Second, "a drain out of time": time.Millisecond} {
		for _, mode := range []isolation.Mode{isolation.Serial, isolation.PerConnection} {
			t.Run(fmt.Sprintf("%s, %s", mode, name), func(t *testing.T) {
				t.Parallel()
				a := &chaos{t: t, running: map[int64]protocol.Kind{}, closed: map[int64]bool{}}
				a.handlers = map[protocol.Kind]handler{}
				kinds := []protocol.Kind{protocol.Authenticate, protocol.Open, protocol.Text, protocol.Closing, protocol.Loop}
				if rand.N(2) == 0 {
					kinds = append(kinds, protocol.Connect, protocol.Read)
				}
				for _, kind := range kinds {
					a.handlers[kind] = a.handle
				}
				s := serveApplication(t, a, func(c *Config) {
					c.Isolation.Mode, c.EventQueueTotal, c.EventQueue, c.LoopInterval = mode, 20, 3, time.Millisecond
					c.DrainTimeout, c.QueueWait, c.PingInterval = drain, 20*time.Millisecond, 3*time.Millisecond
				})
				var clients sync.WaitGroup
				clients.Go(s.operate)
				for range 20 {
					clients.Go(func() {
						for range 3 {
							s.visit()
						}
					})
				}
				if rand.N(2) == 0 {
					clients.Wait()
				}
				s.drained()
				clients.Wait()
				events, size := s.backlog.Load()
				if n := s.Totals(); events != 0 || size != 0 || n.Clients != 0 || n.Running != 0 || s.clients.count() != 0 || len(s.clients.connected()) != 0 {
					t.Errorf("%d events of %d bytes are left, and %+v", events, size, n)
				}
			})
		}
	}
}
