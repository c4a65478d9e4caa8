package observe

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

var (
	// ErrTooManyTails refuses one more.
	ErrTooManyTails = errors.New("16 others look at events already")
	// ErrEnded refuses one that would see nothing.
	ErrEnded = errors.New("the server is shutting down")
)

// Filter picks the events that a Tail gets. An empty list allows all.
type Filter struct {
	Clients  []int64
	Kinds    []protocol.Kind
	Payloads bool // with payloads
}

func (f *Filter) wants(kind protocol.Kind, client int64) bool {
	return (len(f.Clients) == 0 || slices.Contains(f.Clients, client)) && (len(f.Kinds) == 0 || slices.Contains(f.Kinds, kind))
}

// Tail is somebody who looks at events as they end. What it does not read in time it misses.
type Tail struct {
	filter Filter
	tails  *Tails
	traces chan *Trace
	missed atomic.Int64
	ended  chan struct{}
	once   sync.Once // closes ended
}

// Traces returns where the events come; it is never closed.
func (t *Tail) Traces() <-chan *Trace { return t.traces }

// Missed returns how many events found no room since the last call.
func (t *Tail) Missed() int { return int(t.missed.Swap(0)) }

// Ended returns what is closed when no more events will come: by Close, or by Tails.Close.
func (t *Tail) Ended() <-chan struct{} { return t.ended }

// Close ends the tail. It may be called again.
func (t *Tail) Close() {
	t.tails.remove(t)
	t.end()
}

func (t *Tail) end() { t.once.Do(func() { close(t.ended) }) }

// Tails are all who look at events. While nobody does, an event costs the look at a pointer. The zero Tails is ready.
type Tails struct {
	list atomic.Pointer[[]*Tail] // nil: nobody looks; never changed in place

	mu     sync.Mutex // serializes changes of list, and guards closed
	closed bool
}

// Add begins to look at the events that f picks. The caller closes the Tail. The errors are ErrTooManyTails and ErrEnded.
func (s *Tails) Add(f Filter) (*Tail, error) {
	t := &Tail{filter: f, tails: s, traces: make(chan *Trace, tailQueue), ended: make(chan struct{})}
	return t, s.add(t)
}

func (s *Tails) add(t *Tail) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all()
	switch {
	case s.closed:
		return ErrEnded
	case len(all) >= maxTails:
		return ErrTooManyTails
	}
	all = append(slices.Clone(all), t)
	s.list.Store(&all)
	return nil
}

func (s *Tails) remove(t *Tail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(s.all()), func(o *Tail) bool { return o == t })
	if len(all) == 0 {
		s.list.Store(nil)
		return
	}
	s.list.Store(&all)
}

// Close ends them all, and refuses others.
func (s *Tails) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, t := range s.all() {
		t.end()
	}
	s.list.Store(nil)
}

func (s *Tails) all() []*Tail {
	if p := s.list.Load(); p != nil {
		return *p
	}
	return nil
}

// Recorder returns what is to note the effects of an event; nil if nobody looks at it.
func (s *Tails) Recorder(kind protocol.Kind, client int64) (r *Recorder) {
	for _, t := range s.all() {
		if t.filter.wants(kind, client) {
			if r == nil {
				r = &Recorder{}
			}
			r.payloads = r.payloads || t.filter.Payloads
		}
	}
	return r
}

// Publish hands a trace to all who look at it. It never blocks.
func (s *Tails) Publish(trace *Trace) {
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
