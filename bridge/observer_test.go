package bridge

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// watched is an Observer that passes calls on to the test.
type watched struct {
	events chan observe.Observation
	writes chan time.Duration
}

func (w *watched) Event(o observe.Observation) { w.events <- o }
func (w *watched) Written(took time.Duration)  { w.writes <- took }
func (w *watched) Ended(outcome.Ending)        {}
func (w *watched) Refused(outcome.Refusal)     {}
func (w *watched) TurnedAway(string)           {}

func TestObserverIsToldWhereTheTimeGoes(t *testing.T) {
	w := &watched{make(chan observe.Observation, 10), make(chan time.Duration, 10)}
	a := &standin{handlers: map[protocol.Kind]handler{
		protocol.Text: func(_ context.Context, e *protocol.Event, apply func(*protocol.Effect) error) string {
			e.Timing = protocol.Timing{Connect: time.Second, Exchange: 3 * time.Second}
			apply(&protocol.Effect{Seq: e.Seq, Send: &protocol.Send{To: protocol.Recipients{Keys: []int64{1}}, Payload: e.Payload}})
			return "null"
		},
	}}
	s := serveApplication(t, a, func(c *Config) { c.Observer = w })
	conn := s.connect()
	if o := <-w.events; o.Kind != protocol.Authenticate || o.Failure != "" {
		t.Errorf("got %+v", o)
	}
	say(t, conn, "x")
	o := <-w.events
	if o.Kind != protocol.Text || o.Connect != time.Second || o.Apply <= 0 || o.Wait <= 2*time.Second || o.Wait > 3*time.Second {
		t.Errorf("got %+v", o)
	}
	<-w.writes
}

func TestObserverIsToldWhatFails(t *testing.T) {
	w := &watched{make(chan observe.Observation, 10), make(chan time.Duration, 10)}
	a := &standin{handlers: map[protocol.Kind]handler{protocol.Text: nil},
		fails: map[protocol.Kind]error{protocol.Text: errors.Join(protocol.ErrCutOff, errors.New("worker killed"))}}
	s := serveApplication(t, a, func(c *Config) { c.Observer = w })
	say(t, s.connect(), "x")
	<-w.events // authenticate
	if o := <-w.events; o.Kind != protocol.Text || o.Failure != "cut_off" {
		t.Errorf("got %+v", o)
	}
}
