package bridge

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/wsbridge/wsbridge/bridge/journal"
	"github.com/wsbridge/wsbridge/bridge/schedule"
)

// spool brings documents to the queue of the server, in the order in which the journal has accepted them. The queue holds the first of them;
// those that it has no room for, as while php-fpm is away, are in the journal only, and are read from there when there is room.
type spool struct {
	journal func() *journal.Journal
	queue   *schedule.Queue
	wake    chan struct{} // receives when documents are behind

	mu       sync.Mutex // guards the fields below
	entering []*arrival // documents that are being written, in the journal's order, in which the queue gets them
	behind   bool       // documents are in the journal only
	last     uint64     // the document that was queued last
	// waited are the documents behind that callers wait for, by number. Each has a caller, which bounds them.
	waited  map[uint64]*queuedEvent
	dropped map[uint64]bool // documents that were taken back after run has read them
}

func newSpool(j func() *journal.Journal, queue *schedule.Queue) *spool {
	return &spool{journal: j, queue: queue, wake: make(chan struct{}, 1), waited: map[uint64]*queuedEvent{}, dropped: map[uint64]bool{}}
}

// arrival are documents that come together.
type arrival struct {
	events []*queuedEvent
	entry  *journal.Entry
	passed bool // they are queued, or behind
	early  bool // it was queued before it was written
}

// accept blocks until documents are in the journal, as many as that has room for, and returns how many. events are theirs. The errors are those of
// journal.Journal.Accept, and then none is in the journal or queued. A document whose caller waits for its end is queued at once, if nothing is in its
// way, and only has to be written before it runs, for which beginJournaled waits.
func (s *spool) accept(ctx context.Context, source string, events ...*queuedEvent) (taken int, err error) {
	a, err := s.enter(events, source)
	switch {
	case err != nil:
		return 0, err
	case a.early:
		return len(a.events), nil
	}
	err = a.entry.Wait(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && !a.passed && s.withdraw(a) {
		return 0, err
	}
	s.passUpTo(a)
	return len(a.events), nil
}

// enter gives documents their places in the order of the journal, without waiting for the write. So those that come at the same time are written at
// once.
func (s *spool) enter(events []*queuedEvent, source string) (*arrival, error) {
	documents := make([]journal.Document, len(events))
	for i, e := range events {
		documents[i] = journal.Document{Source: source, Payload: e.payload, Since: e.since}
	}
	isPatient := source == fromPipe || events[0].waiter != nil // else the caller waits for nothing but the write
	s.mu.Lock()
	defer s.mu.Unlock()
	entry, err := s.journal().Enter(isPatient && s.queue.Len() >= fewWait, documents...)
	if err != nil {
		return nil, err
	}
	a := &arrival{events: events[:entry.Len], entry: entry}
	for i, e := range a.events {
		e.document = entry.First + uint64(i)
	}
	if a.early = s.queueEarly(a); !a.early {
		s.entering = append(s.entering, a)
	}
	return a, nil
}

// queueEarly queues a document whose caller waits for its end, if there is none before it that is not queued yet. It is called with mu held.
func (s *spool) queueEarly(a *arrival) bool {
	e := a.events[0]
	if e.waiter == nil || s.behind || len(s.entering) > 0 {
		return false
	}
	e.waiter.entry = a.entry
	if !s.queue.Add(e) {
		e.waiter.entry = nil
		return false
	}
	s.last = e.document
	return true
}

// With fewWait documents in the queue, those that come next do not wait for PHP any longer if they are written together with others. They are written
// at the latest when fewAhead are to run before them.
const (
	fewWait  = 8
	fewAhead = 4
)

// begins is told that a document is about to be sent to PHP.
func (s *spool) begins(id uint64) { s.journal().Hurry(id + fewAhead) }

// withdraw takes back what was not written in time. It is called with mu held, and reports false if it is in the journal all the same.
func (s *spool) withdraw(a *arrival) bool {
	if !a.entry.Withdraw() {
		return false
	}
	for _, e := range a.events {
		e.document = 0
	}
	s.entering = slices.DeleteFunc(s.entering, func(other *arrival) bool { return other == a })
	return true
}

// passUpTo queues what is written: a, and all that came before it. It is called with mu held.
func (s *spool) passUpTo(a *arrival) {
	for !a.passed {
		first := s.entering[0]
		s.entering[0] = nil
		s.entering = s.entering[1:]
		first.passed = true
		for _, e := range first.events {
			s.pass(e)
		}
	}
}

// pass queues a document, or leaves it in the journal. It is called with mu held.
func (s *spool) pass(e *queuedEvent) {
	if !s.behind && s.queue.Add(e) {
		s.last = e.document
		return
	}
	if e.waiter != nil {
		s.waited[e.document] = e
	}
	s.fallBehind()
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
	if s.waited[e.document] != nil {
		delete(s.waited, e.document)
		s.dropped[e.document] = true
	}
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

// How many documents are read from the journal at once, and after how many bytes no further one is.
const (
	someDocuments     = 256
	someDocumentBytes = 1 << 20
)

// catchUp queues some documents that are behind, and reports whether there may be more.
func (s *spool) catchUp(ctx context.Context, event func(journal.Document) *queuedEvent) bool {
	documents, ids := s.next()
	for i, id := range ids {
		if ctx.Err() != nil {
			return false
		}
		e, dropped := s.take(id)
		if e == nil {
			e = event(documents[i])
			e.document = id
		}
		for !dropped && !s.queue.Add(e) {
			if !s.queue.AwaitHalf() {
				return false
			}
		}
		s.passed(id)
	}
	return len(ids) > 0
}

// next returns the next documents that are behind. If there are none, or the journal is broken, those that come are queued at once.
func (s *spool) next() (documents []journal.Document, ids []uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.dropped)
	before := uint64(math.MaxUint64)
	if len(s.entering) > 0 {
		before = s.entering[0].entry.First
	}
	documents, ids, _ = s.journal().Documents(s.last, before, someDocuments, someDocumentBytes) // the journal tells of its errors
	s.behind = len(ids) > 0
	return documents, ids
}

// take returns the event of a document behind for which a caller waits, or nil, and whether the document was taken back.
func (s *spool) take(id uint64) (e *queuedEvent, dropped bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e = s.waited[id]
	delete(s.waited, id)
	return e, s.dropped[id]
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
