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
	tailQueue = 256 // traces that wait to be read
)

var (
	// ErrTooManyTails says that there are 16 tails already.
	ErrTooManyTails = errors.New("16 others look at events already")
	// ErrEnded says that Tails.Close was called.
	ErrEnded = errors.New("the server is shutting down")
)

// Filter selects the events that a Tail gets. An empty list selects all.
type Filter struct {
	Clients  []int64
	Kinds    []protocol.Kind
	Payloads bool // with payloads
}

func (f *Filter) matches(kind protocol.Kind, client int64) bool {
	return (len(f.Clients) == 0 || slices.Contains(f.Clients, client)) && (len(f.Kinds) == 0 || slices.Contains(f.Kinds, kind))
}

// Tail receives events as they end. It misses those that do not fit into its queue of 256. It may be used concurrently.
type Tail struct {
	filter Filter
	tails  *Tails
	traces chan *Trace
	missed atomic.Int64
	ended  chan struct{}
	once   sync.Once // closes ended
}

// Traces returns the channel of the events. It is never closed.
func (t *Tail) Traces() <-chan *Trace { return t.traces }

// Missed returns how many events were missed since the last call.
func (t *Tail) Missed() int { return int(t.missed.Swap(0)) }

// Ended returns a channel that is closed by Close and by Tails.Close, after which no more events come.
func (t *Tail) Ended() <-chan struct{} { return t.ended }

// Close ends the tail. It may be called again.
func (t *Tail) Close() {
	t.tails.remove(t)
	t.end()
}

func (t *Tail) end() { t.once.Do(func() { close(t.ended) }) }

// Tails holds all tails. While there are none, an event costs one atomic load. The zero Tails is ready to use.
type Tails struct {
	list atomic.Pointer[[]*Tail] // nil: there are none; a list is never changed

	mu     sync.Mutex // held while list is replaced; guards closed
	closed bool
}

// Add adds a Tail for the events that f selects. The caller must close it. The errors are ErrTooManyTails and ErrEnded.
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

// Close ends all tails. From then on Add returns ErrEnded.
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

// Recorder returns a Recorder for an event, or nil if no tail gets that event.
func (s *Tails) Recorder(kind protocol.Kind, client int64) (r *Recorder) {
	for _, t := range s.all() {
		if t.filter.matches(kind, client) {
			if r == nil {
				r = &Recorder{}
			}
			r.payloads = r.payloads || t.filter.Payloads
		}
	}
	return r
}

// Publish sends a trace to all tails that get that event. It never blocks.
func (s *Tails) Publish(trace *Trace) {
	for _, t := range s.all() {
		if !t.filter.matches(trace.Kind, trace.Client) {
			continue
		}
		select {
		case t.traces <- trace:
		default:
			t.missed.Add(1)
		}
	}
}
