package bridge

import (
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// errand is an event that waits for its turn.
type errand struct {
	kind    protocol.Kind
	payload []byte
	room    *backlog  // where its room is given back; nil: it took none
	since   time.Time // when it was queued
	// after, if not nil, is called when the event is over, and with nils if it never ran.
	after     func(*protocol.Done, error)
	injection *injection // if somebody waits for it; else nil
}

// mailbox holds the events of one client, or of the server, in their order, and runs them one at a time. Its runner is a
// goroutine only while there is something to run: an idle client costs none.
type mailbox struct {
	run   func(errand)
	spawn func(func()) // starts the runner where somebody waits for it
	limit int          // events that may wait
	bytes int          // payload bytes that may wait; the event that goes over is still taken

	mu      sync.Mutex    // guards the fields below
	news    chan struct{} // closed when there is room, or the runner rests; nil: nobody waits for that
	queue   []errand
	waiting int  // payload bytes in queue
	running bool // a runner is at work
	held    bool // nothing starts before release
	sealed  bool // the last errand is in the queue
	closed  bool // nothing runs any more
}

func newMailbox(limit, bytes int, spawn func(func()), run func(errand)) *mailbox {
	return &mailbox{run: run, spawn: spawn, limit: limit, bytes: bytes}
}

// ready blocks while the mailbox is full, and calls meanwhile every now and then. It reports whether it has blocked.
func (m *mailbox) ready(meanwhile func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.full() {
		return false
	}
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for m.full() {
		news := m.listen()
		m.mu.Unlock()
		select {
		case <-news:
		case <-tick.C:
			meanwhile()
		}
		m.mu.Lock()
	}
	return true
}

// put queues e and blocks while the mailbox is full. It reports whether e will run.
func (m *mailbox) put(e errand) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.full() {
		m.wait()
	}
	if m.sealed {
		return false
	}
	m.push(e)
	return true
}

// offer is put for those who do not wait: it reports false if nothing may be queued behind what is there already.
func (m *mailbox) offer(e errand) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sealed || len(m.queue) > 0 {
		return false
	}
	m.push(e)
	return true
}

// add is put for those who do not wait for room. It reports whether there was some.
func (m *mailbox) add(e errand) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sealed || m.full() {
		return false
	}
	m.push(e)
	return true
}

// length returns how many events wait.
func (m *mailbox) length() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.queue)
}

// last queues e, full or not, and refuses everything after it.
func (m *mailbox) last(e errand) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sealed {
		return false
	}
	m.push(e)
	m.seal()
	return true
}

// close drops what is queued and refuses everything after it. What runs already runs on.
func (m *mailbox) close() {
	m.mu.Lock()
	dropped := m.queue
	m.queue, m.waiting = nil, 0
	m.closed = true
	m.seal()
	m.mu.Unlock()
	for _, e := range dropped {
		e.finish(nil, nil)
	}
}

// finish is called once, when the event is over or will never run.
func (e *errand) finish(done *protocol.Done, err error) {
	if e.room != nil {
		e.room.give(len(e.payload))
	}
	if e.after != nil {
		e.after(done, err)
	}
}

// busy reports whether there is something to run, or it runs.
func (m *mailbox) busy() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.running || len(m.queue) > 0
}

func (m *mailbox) seal() {
	m.sealed = true
	m.tell()
}

// full reports whether to wait for room; there is no use in that if nothing is taken any more.
func (m *mailbox) full() bool {
	return !m.sealed && (len(m.queue) >= m.limit || m.waiting >= m.bytes)
}

// listen returns what the next tell closes.
func (m *mailbox) listen() <-chan struct{} {
	if m.news == nil {
		m.news = make(chan struct{})
	}
	return m.news
}

func (m *mailbox) tell() {
	if m.news != nil {
		close(m.news)
		m.news = nil
	}
}

// wait blocks until the next tell, and lets go of mu meanwhile.
func (m *mailbox) wait() {
	news := m.listen()
	m.mu.Unlock()
	<-news
	m.mu.Lock()
}

func (m *mailbox) push(e errand) {
	e.since = time.Now()
	m.queue = append(m.queue, e)
	m.waiting += len(e.payload)
	m.start()
}

func (m *mailbox) start() {
	if !m.running && !m.held && len(m.queue) > 0 {
		m.running = true
		m.spawn(m.drain)
	}
}

// hold keeps what is queued from starting until release, for events that the caller runs itself. It blocks while one
// runs already.
func (m *mailbox) hold() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = true
	for m.running {
		m.wait()
	}
}

// release is called once after hold.
func (m *mailbox) release() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = false
	m.start()
}

func (m *mailbox) drain() {
	for {
		e, ok := m.next()
		if !ok {
			return
		}
		m.run(e)
	}
}

func (m *mailbox) next() (errand, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.queue) == 0 {
		m.queue = nil // an idle mailbox keeps no memory
	}
	if m.held || len(m.queue) == 0 {
		m.running = false
		m.tell()
		return errand{}, false
	}
	e := m.queue[0]
	m.queue[0] = errand{}
	m.queue = m.queue[1:]
	m.waiting -= len(e.payload)
	m.tell()
	return e, true
}
