package bridge

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/wsbridge/wsbridge/bridge/journal"
)

// spool brings documents to the queue of the server, in the order in which the journal has accepted them. The queue holds the first of them;
// those that it has no room for, as while php-fpm is away, are in the journal only, and are read from there when there is room.
type spool struct {
	journal func() *journal.Journal
	add     func(*queuedEvent) bool // to the queue, if that has room
	put     func(*queuedEvent) bool // likewise, and blocks until it has
	wake    chan struct{}           // receives when documents are behind

	mu     sync.Mutex // guards the fields below; held while a document is accepted, so that the queue has the journal's order
	behind bool       // documents are in the journal only
	last   uint64     // the document that was queued last
	// waited are the documents behind that callers wait for, by number. Each has a caller, which bounds them.
	waited map[uint64]*queuedEvent
}

func newSpool(j func() *journal.Journal, add, put func(*queuedEvent) bool) *spool {
	return &spool{journal: j, add: add, put: put, wake: make(chan struct{}, 1), waited: map[uint64]*queuedEvent{}}
}

// accept blocks until a document is in the journal; e is its event. The errors are those of journal.Journal.Accept, and then e is not queued.
func (s *spool) accept(ctx context.Context, e *queuedEvent, source string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := s.journal().Accept(ctx, journal.Document{Source: source, Payload: e.payload, Since: e.since})
	if err != nil {
		return err
	}
	e.document = id
	if !s.behind && s.add(e) {
		s.last = id
		return nil
	}
	if e.waiter != nil {
		s.waited[id] = e
	}
	s.fallBehind()
	return nil
}

// fallBehind is called with mu held, or before anything else is.
func (s *spool) fallBehind() {
	s.behind = true
	select {
	case s.wake <- struct{}{}:
	default: // run has not begun with what is behind
	}
}

// drop takes back a document that nobody waits for any more.
func (s *spool) drop(e *queuedEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waited, e.document)
	s.journal().End(e.document)
}

// run queues what is behind whenever the queue has room, until ctx ends. What is behind then stays in the journal.
func (s *spool) run(ctx context.Context, event func(journal.Document) *queuedEvent) {
	for {
		for ctx.Err() == nil && s.catchUp(ctx, event) { // at first with what a hand-over that was given up has left behind
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		}
	}
}

// catchUp queues some documents that are behind, and reports whether there may be more.
func (s *spool) catchUp(ctx context.Context, event func(journal.Document) *queuedEvent) bool {
	const some = 64
	documents := s.next(some)
	for _, d := range documents {
		if ctx.Err() != nil {
			return false
		}
		id := d.ID
		e := s.take(id)
		if e == nil {
			d, err := s.journal().Document(id)
			if err != nil { // it was taken back, or the journal cannot be read, of which it tells
				s.passed(id)
				continue
			}
			e = event(d)
			e.document = id
		}
		if !s.put(e) {
			return false
		}
		s.passed(id)
	}
	return len(documents) > 0
}

// next returns the next documents that are behind. If there are none, or the journal is broken, those that come are queued at once.
func (s *spool) next(n int) []journal.Waiting {
	s.mu.Lock()
	defer s.mu.Unlock()
	documents, _ := s.journal().Waiting(s.last, n) // the journal tells of its errors
	s.behind = len(documents) > 0
	return documents
}

func (s *spool) take(id uint64) *queuedEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.waited[id]
	delete(s.waited, id)
	return e
}

func (s *spool) passed(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = id
}

// callers returns the events of documents behind that callers wait for.
func (s *spool) callers() []*queuedEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.waited))
}
