package bridge

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

func observe(kind protocol.Kind) Observation { return Observation{Kind: kind} }

func TestTailsGetWhatTheyWantAndMissWhatTheyDoNotRead(t *testing.T) {
	b := &Bridge{}
	all, err := b.Tail(TailFilter{})
	if err != nil {
		t.Fatal(err)
	}
	some, err := b.Tail(TailFilter{Clients: []int64{2}, Kinds: []protocol.Kind{protocol.Text}, Payloads: true})
	if err != nil {
		t.Fatal(err)
	}
	if w := b.tails.watch(protocol.Open, 2); w == nil || w.payloads {
		t.Errorf("got %+v", w)
	}
	if w := b.tails.watch(protocol.Text, 2); w == nil || !w.payloads {
		t.Errorf("got %+v", w)
	}
	for i := range tailQueue + 3 {
		b.tails.publish(&Trace{Observation: observe(protocol.Open), Client: 2, Seq: uint64(i)})
	}
	b.tails.publish(&Trace{Observation: observe(protocol.Text), Client: 2, Seq: 999})
	if n := all.Missed(); n != 4 || all.Missed() != 0 {
		t.Errorf("missed %d", n)
	}
	if trace := <-some.Traces(); trace.Seq != 999 || len(some.Traces()) != 0 {
		t.Errorf("got %+v", trace)
	}
	all.Close()
	all.Close()
	some.Close()
	if b.tails.watch(protocol.Text, 2) != nil {
		t.Error("nobody looks, and the event is noted")
	}
}

func TestTailsAreBoundedAndEnd(t *testing.T) {
	b := &Bridge{}
	var last *Tail
	for range maxTails {
		var err error
		if last, err = b.Tail(TailFilter{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Tail(TailFilter{}); !errors.Is(err, ErrTooManyTails) {
		t.Errorf("got %v", err)
	}
	b.tails.close()
	<-last.Ended()
	if _, err := b.Tail(TailFilter{}); !errors.Is(err, ErrStopping) {
		t.Errorf("got %v", err)
	}
}

func TestHistoryKeepsTheLastEvents(t *testing.T) {
	var h history
	for i := range maxHistory + 3 {
		h.add(newEntry(Trace{Observation: observe(protocol.Text), Seq: uint64(i)}))
	}
	all := h.all(7)
	if len(all) != maxHistory || all[0].Seq != 3 || all[maxHistory-1].Seq != maxHistory+2 || all[0].Client != 7 {
		t.Errorf("got %+v", all)
	}
}

func TestHistoryEntryIsATraceWithoutItsPayload(t *testing.T) {
	want := Trace{
		Observation: Observation{Kind: protocol.Closing, Failure: "exit", Queue: time.Millisecond, Connect: 2 * time.Microsecond,
			Wait: 3 * time.Second, Run: time.Hour, Apply: 5 * time.Microsecond, Total: 2 * time.Second},
		Time: time.UnixMicro(1234567), Seq: 8, Client: 9, Bytes: 10, Made: Made{Sent: 1, SentBytes: 2, Closed: 3, Rows: 4},
		Fault: &Fault{Name: "exit", Message: "the handler called exit"},
	}
	if got := newEntry(want); fmt.Sprintf("%+v", got.traceOf(9)) != fmt.Sprintf("%+v", want) {
		t.Errorf("got  %+v\nwant %+v", got.traceOf(9), want)
	}
	huge := newEntry(Trace{Bytes: 1 << 40, Made: Made{Rows: 1 << 20, Closed: 1000}, Observation: Observation{Total: 1000 * time.Hour}})
	if huge.bytes != 1<<32-1 || huge.rows != 1<<16-1 || huge.closed != 255 || huge.stages[5] != 1<<32-1 {
		t.Errorf("got %+v", huge)
	}
}

func TestIncidentsCountTheAlikeAndForgetTheOldest(t *testing.T) {
	b := &Bridge{}
	add := func(line int) {
		b.incidents.add(Incident{Kind: protocol.Text, Fault: Fault{Name: "fatal", File: "a.php", Line: line}})
	}
	for line := range maxIncidents {
		add(line)
	}
	add(0) // again: now the newest
	add(-1)
	got := b.Incidents()
	if len(got) != maxIncidents || got[0].Line != -1 || got[1].Line != 0 || got[1].Times != 2 || got[maxIncidents-1].Line != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestFaultsAreCut(t *testing.T) {
	f := newFault(&protocol.Failure{Kind: protocol.FailedFatal, Message: strings.Repeat("ä", 5000), File: "a.php", Line: 3})
	if len(f.Message) > maxFaultMessage+len("…") || !strings.HasSuffix(f.Message, "ä…") || f.File != "a.php" || f.Line != 3 {
		t.Errorf("got %d bytes, %+v", len(f.Message), f)
	}
	if newFault(nil) != nil {
		t.Error("a fault without an error")
	}
}
