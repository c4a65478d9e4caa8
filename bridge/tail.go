package bridge

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/wsbridge/wsbridge/protocol"
)

const (
	maxTails  = 16
	tailQueue = 256 // traces that wait for their reader
)

// ErrTooManyTails refuses one more.
var ErrTooManyTails = errors.New("16 others look at events already")

// TailFilter says which events a Tail gets. An empty list allows all.
type TailFilter struct {
	Clients  []int64
	Kinds    []protocol.Kind
	Payloads bool // with payloads
}

func (f *TailFilter) wants(kind protocol.Kind, client int64) bool {
	return (len(f.Clients) == 0 || slices.Contains(f.Clients, client)) && (len(f.Kinds) == 0 || slices.Contains(f.Kinds, kind))
}

// Tail is somebody who looks at events as they end. What it does not read in time it misses.
type Tail struct {
	filter TailFilter
	tails  *tails
	traces chan *Trace
	missed atomic.Int64
	ended  chan struct{}
	once   sync.Once // closes ended
}

// Tail begins to look at events. The caller closes it.
func (b *Bridge) Tail(f TailFilter) (*Tail, error) {
	t := &Tail{filter: f, tails: &b.tails, traces: make(chan *Trace, tailQueue), ended: make(chan struct{})}
	return t, b.tails.add(t)
}

// Traces returns where the events come; it is never closed.
func (t *Tail) Traces() <-chan *Trace { return t.traces }

// Missed returns how many events found no room since the last call.
func (t *Tail) Missed() int { return int(t.missed.Swap(0)) }

// Ended returns what is closed when no more events will come: by Close, or by Finalize.
func (t *Tail) Ended() <-chan struct{} { return t.ended }

// Close ends the tail. It may be called again.
func (t *Tail) Close() {
	t.tails.remove(t)
	t.end()
}

func (t *Tail) end() { t.once.Do(func() { close(t.ended) }) }

// tails are all of them. While there is none an event costs the look at a pointer.
type tails struct {
	list atomic.Pointer[[]*Tail] // nil: nobody looks; never changed in place

	mu     sync.Mutex // serializes changes of list, and guards closed
	closed bool
}

func (s *tails) add(t *Tail) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all()
	switch {
	case s.closed:
		return ErrStopping
	case len(all) >= maxTails:
		return ErrTooManyTails
	}
	all = append(slices.Clone(all), t)
	s.list.Store(&all)
	return nil
}

func (s *tails) remove(t *Tail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(s.all()), func(o *Tail) bool { return o == t })
	if len(all) == 0 {
		s.list.Store(nil)
		return
	}
	s.list.Store(&all)
}

// close ends them all, and refuses others.
func (s *tails) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, t := range s.all() {
		t.end()
	}
	s.list.Store(nil)
}

func (s *tails) all() []*Tail {
	if p := s.list.Load(); p != nil {
		return *p
	}
	return nil
}

// watch returns where the event's effects are to be noted, nil if nobody looks.
func (s *tails) watch(kind protocol.Kind, client int64) (w *tracing) {
	for _, t := range s.all() {
		if t.filter.wants(kind, client) {
			if w == nil {
				w = &tracing{}
			}
			w.payloads = w.payloads || t.filter.Payloads
		}
	}
	return w
}

// publish never blocks.
func (s *tails) publish(trace *Trace) {
	for _, t := range s.all() {
		if !t.filter.wants(trace.Kind, trace.Client) {
			continue
		}
		select {
		case t.traces <- trace:
		default:
			t.missed.Add(1)
		}
	}
}
