package bridge

import (
	"context"
	"sync"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

// echoLane answers each event of a text with its payload, as a resident worker would.
type echoLane struct {
	events chan protocol.Exchange
	seen   func(*protocol.Event) // is called with each event; nil: nobody looks
}

func newEchoLane(tb testing.TB, seen func(*protocol.Event)) *echoLane {
	lane := &echoLane{make(chan protocol.Exchange, 1024), seen}
	var work sync.WaitGroup
	work.Go(lane.run)
	tb.Cleanup(func() { close(lane.events); work.Wait() })
	return lane
}

func (l *echoLane) Boot(context.Context) error { return nil }

func (l *echoLane) Refill(context.Context) error { return nil }

// Start is filled like a worker, so that each event comes with what has changed since.
func (l *echoLane) Start(_ context.Context, s protocol.State) error {
	s.Fill()
	return nil
}

func (l *echoLane) Abort(error) {}

func (l *echoLane) Run(x protocol.Exchange, more ...protocol.Exchange) {
	l.events <- x
	for _, x := range more {
		l.events <- x
	}
}

func (l *echoLane) Behind() []protocol.Exchange { return nil }

func (l *echoLane) HasChildren() bool { return false }

func (l *echoLane) run() {
	for x := range l.events {
		e := x.Event()
		if l.seen != nil {
			l.seen(e)
		}
		if e.Kind == protocol.Text {
			x.Apply(&protocol.Effect{Seq: e.Seq, Send: &protocol.Send{To: protocol.Recipients{Keys: []int64{e.Client}}, Payload: e.Payload}})
		}
		done := &protocol.Done{}
		if e.Kind == protocol.Authenticate {
			done.Result = []byte("true")
		}
		x.Apply(&protocol.Effect{Seq: e.Seq, Done: done})
		x.End(nil)
	}
}

// BenchmarkEchoInLane is BenchmarkEcho for an event that runs in the lane.
func BenchmarkEchoInLane(b *testing.B) {
	benchmarkEcho(b, newEchoLane(b, nil))
}
