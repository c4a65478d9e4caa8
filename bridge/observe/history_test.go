package observe

import (
	"fmt"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestHistoryKeepsTheLastEvents(t *testing.T) {
	var h History
	for i := range maxHistory + 3 {
		h.Add(&Trace{Observation: observe(protocol.Text), Seq: uint64(i)})
	}
	all := h.All(7)
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
	if got := newEntry(&want); fmt.Sprintf("%+v", got.traceOf(9)) != fmt.Sprintf("%+v", want) {
		t.Errorf("got  %+v\nwant %+v", got.traceOf(9), want)
	}
	huge := newEntry(&Trace{Bytes: 1 << 40, Made: Made{Rows: 1 << 20, Closed: 1000}, Observation: Observation{Total: 1000 * time.Hour}})
	if huge.bytes != 1<<32-1 || huge.rows != 1<<16-1 || huge.closed != 255 || huge.stages[5] != 1<<32-1 {
		t.Errorf("got %+v", huge)
	}
}
