package observe

import (
	"errors"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func observe(kind protocol.Kind) Observation { return Observation{Kind: kind} }

func TestTailsGetMatchingEventsAndMissThoseOverTheirQueue(t *testing.T) {
	var tails Tails
	all, err := tails.Add(Filter{})
	if err != nil {
		t.Fatal(err)
	}
	some, err := tails.Add(Filter{Clients: []int64{2}, Kinds: []protocol.Kind{protocol.Text}, Payloads: true})
	if err != nil {
		t.Fatal(err)
	}
	if r := tails.Recorder(protocol.Open, 2); r == nil || r.payloads {
		t.Errorf("got %+v", r)
	}
	if r := tails.Recorder(protocol.Text, 2); r == nil || !r.payloads {
		t.Errorf("got %+v", r)
	}
	for i := range tailQueue + 3 {
		tails.Publish(&Trace{Observation: observe(protocol.Open), Client: 2, Seq: uint64(i)})
	}
	tails.Publish(&Trace{Observation: observe(protocol.Text), Client: 2, Seq: 999})
	if n := all.Missed(); n != 4 || all.Missed() != 0 {
		t.Errorf("missed %d", n)
	}
	if trace := <-some.Traces(); trace.Seq != 999 || len(some.Traces()) != 0 {
		t.Errorf("got %+v", trace)
	}
	all.Close()
	all.Close()
	some.Close()
	if tails.Recorder(protocol.Text, 2) != nil {
		t.Error("there is a recorder without a tail")
	}
}

func TestTailsAreBoundedAndEnd(t *testing.T) {
	var tails Tails
	var last *Tail
	for range maxTails {
		var err error
		if last, err = tails.Add(Filter{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tails.Add(Filter{}); !errors.Is(err, ErrTooManyTails) {
		t.Errorf("got %v", err)
	}
	tails.Close()
	<-last.Ended()
	if _, err := tails.Add(Filter{}); !errors.Is(err, ErrEnded) {
		t.Errorf("got %v", err)
	}
}
