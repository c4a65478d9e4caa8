package observe

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// maxHistory is how many of a client's events are kept. They take 640 bytes, and none before the first event.
const maxHistory = 10

// History holds the last events of a client. The zero History is empty.
type History struct {
	mu      sync.Mutex // guards the fields below
	entries []entry    // a ring buffer when it is full
	oldest  int
}

// entry is a Trace without payload, effects and result. It has only 64 bytes, since every client keeps some.
type entry struct {
	end    int64 // microseconds since 1970
	seq    uint64
	fault  *Fault
	stages [6]uint32 // microseconds: queue, connect, wait, run, apply, total
	bytes  uint32
	sent   uint32
	size   uint32 // of what was sent
	rows   uint16
	closed uint8
	kind   uint8 // index in kinds
}

// Add adds an event, and drops the oldest if there are 10.
func (h *History) Add(t *Trace) { h.add(newEntry(t)) }

func (h *History) add(e entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.entries); n < maxHistory {
		if n == cap(h.entries) { // append would allocate more than is needed
			h.entries = append(make([]entry, 0, min(max(1, 2*n), maxHistory)), h.entries...)
		}
		h.entries = append(h.entries, e)
		return
	}
	h.entries[h.oldest] = e
	h.oldest = (h.oldest + 1) % maxHistory
}

// All returns the events, the oldest first, as those of the given client.
func (h *History) All(client int64) []Trace {
	h.mu.Lock()
	entries := slices.Concat(h.entries[h.oldest:], h.entries[:h.oldest])
	h.mu.Unlock()
	traces := make([]Trace, len(entries))
	for i, e := range entries {
		traces[i] = e.traceOf(client)
	}
	return traces
}

func newEntry(t *Trace) entry {
	return entry{
		end: t.Time.UnixMicro(), seq: t.Seq, fault: t.Fault,
		stages: [...]uint32{micros(t.Queue), micros(t.Connect), micros(t.Wait), micros(t.Run), micros(t.Apply), micros(t.Total)},
		bytes:  atMost[uint32](t.Bytes, math.MaxUint32), sent: atMost[uint32](t.Made.Sent, math.MaxUint32),
		size: atMost[uint32](t.Made.SentBytes, math.MaxUint32), rows: atMost[uint16](t.Made.Rows, math.MaxUint16),
		closed: atMost[uint8](t.Made.Closed, math.MaxUint8), kind: kindNumber(t.Kind),
	}
}

func (e *entry) traceOf(client int64) Trace {
	stage := func(i int) time.Duration { return time.Duration(e.stages[i]) * time.Microsecond }
	t := Trace{
		Time: time.UnixMicro(e.end), Seq: e.seq, Client: client, Bytes: int(e.bytes), Fault: e.fault,
		Observation: Observation{Kind: kinds()[e.kind], Queue: stage(0), Connect: stage(1), Wait: stage(2), Run: stage(3),
			Apply: stage(4), Total: stage(5)},
		Made: Made{Sent: int(e.sent), SentBytes: int(e.size), Rows: int(e.rows), Closed: int(e.closed)},
	}
	if e.fault != nil {
		t.Failure = e.fault.Name
	}
	return t
}

// kinds returns the kinds of a client's events. It does not allocate.
func kinds() [8]protocol.Kind {
	return [...]protocol.Kind{"", protocol.Connect, protocol.Read, protocol.Authenticate, protocol.Open, protocol.Text,
		protocol.Binary, protocol.Closing}
}

func kindNumber(kind protocol.Kind) uint8 {
	for i, k := range kinds() {
		if k == kind {
			return uint8(i)
		}
	}
	return 0
}

// micros returns a duration in microseconds, at most 71 minutes.
func micros(d time.Duration) uint32 { return atMost[uint32](int(d.Microseconds()), math.MaxUint32) }

// atMost converts n to a smaller type, limited to most.
func atMost[T uint8 | uint16 | uint32](n, most int) T { return T(min(max(n, 0), most)) }
