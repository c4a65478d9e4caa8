package socket

import (
	"errors"
	"sync"
)

var (
	// ErrFull says that a client has not read what it was sent before: its send queue is full.
	ErrFull = errors.New("client does not read")
	// ErrClosed says that a connection's last frame is queued, or its socket has ended.
	ErrClosed = errors.New("client is gone")
)

// manyQueued is the length of a queue in which pongs begin to replace each other. A client that sends a few pings at once wants each
// answered.
const manyQueued = 32

// sendQueue holds what a client is sent until its socket has taken it, in that order.
type sendQueue struct {
	limit  int     // messages and control frames, the head included
	bytes  int     // of their payload; a single message may have more
	budget *Budget // in which those count that have to wait

	mu       sync.Mutex // guards the fields below
	head     *Message   // is being written until next; only its writer calls next. Nil: the queue is empty
	headHeld bool       // head counts in the budget; all after it do
	after    []*Message
	size     int // bytes of all payloads
	closed   bool
	evicted  bool          // nothing counts any more
	frozen   chan struct{} // no writer may begin; closed when there is none. Nil: they may
	resting  bool          // frozen is closed
}

// add queues m. It reports whether m is the head, so that the caller has to write it.
func (q *sendQueue) add(m *Message) (isHead bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return false, ErrClosed
	case q.replacesPong(m):
		last := &q.after[len(q.after)-1]
		q.size += m.size - (*last).size
		q.release(*last)
		*last = q.hold(m)
		return false, nil
	case q.isFull(m):
		return false, ErrFull
	}
	return q.push(m), nil
}

// replacesPong reports whether m answers a later ping than the queue's last item, and much is queued: the latest pong is enough then
// (RFC 6455, section 5.5.3), and a flood of pings queues nothing.
func (q *sendQueue) replacesPong(m *Message) bool {
	n := len(q.after)
	return m.op == OpPong && n >= manyQueued && q.after[n-1].op == OpPong
}

func (q *sendQueue) isFull(m *Message) bool {
	return q.head != nil && (1+len(q.after) >= q.limit || q.size+m.size > q.bytes)
}

func (q *sendQueue) push(m *Message) (isHead bool) {
	q.closed = m.isLast()
	q.size += m.size
	if q.head == nil {
		q.head = m
		if q.frozen == nil {
			return true
		}
		q.hold(m)
		q.headHeld = true
		return false
	}
	q.after = append(q.after, q.hold(m))
	return false
}

func (q *sendQueue) hold(m *Message) *Message {
	if !q.evicted {
		m.hold(q.budget)
	}
	return m
}

func (q *sendQueue) release(m *Message) {
	if !q.evicted {
		m.release(q.budget)
	}
}

// holdHead is called when the head has to wait. Most are written at once, and never count.
func (q *sendQueue) holdHead() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.headHeld {
		q.hold(q.head)
		q.headHeld = true
	}
}

func (q *sendQueue) releaseHead() {
	if q.headHeld {
		q.release(q.head)
		q.headHeld = false
	}
}

func (q *sendQueue) releaseAfter() {
	for _, m := range q.after {
		q.release(m)
	}
}

// held returns how many bytes the queue has, unless it is evicted.
func (q *sendQueue) held() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.evicted {
		return 0
	}
	return q.size
}

// evict gives the budget back what the queue holds, and returns its size. The caller has to see to it that the queue gets empty.
func (q *sendQueue) evict() (bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.releaseHead()
	q.releaseAfter()
	q.evicted = true
	return q.size
}

// close queues the end, full or not. With drop it leaves out everything after the head, which may be half written.
func (q *sendQueue) close(end *Message, drop bool) (isHead bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	if drop && q.head != nil {
		q.releaseAfter()
		q.after, q.size = nil, q.head.size
	}
	return q.push(end)
}

// freeze keeps writers from beginning, and the one that there may be from writing another message. What it returns is closed when there is none.
func (q *sendQueue) freeze() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.frozen = make(chan struct{})
	if q.head == nil {
		q.rest()
	}
	return q.frozen
}

// rest notes that there is no writer. It is called with mu held.
func (q *sendQueue) rest() {
	if q.frozen != nil && !q.resting {
		q.resting = true
		close(q.frozen)
	}
}

// leave is called by the head's writer that has to stop. It reports false if there is no need to any more.
func (q *sendQueue) leave() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rest()
	return q.frozen != nil
}

// thaw ends what freeze began. It reports whether the caller has to write the head.
func (q *sendQueue) thaw() (writes bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	writes = q.resting && q.head != nil
	q.frozen, q.resting = nil, false
	return writes
}

// all returns what is queued, the head first.
func (q *sendQueue) all() (all []*Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.head == nil {
		return nil
	}
	return append(append(all, q.head), q.after...)
}

// restore queues what another process had queued, whatever the limits are here, after freeze.
func (q *sendQueue) restore(all []*Message) {
	for _, m := range all {
		q.hold(m)
		q.size += m.size
	}
	if len(all) > 0 {
		q.head, q.headHeld, q.after = all[0], true, all[1:]
	}
}

func (q *sendQueue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// next removes the head, which is written, and returns the next one, or nil. Only the head's writer calls it.
func (q *sendQueue) next() *Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.size -= q.head.size
	q.releaseHead()
	q.head = nil
	if len(q.after) == 0 {
		q.after = nil // an idle connection keeps no memory
		q.rest()
		return nil
	}
	q.head, q.after[0] = q.after[0], nil
	q.after, q.headHeld = q.after[1:], true
	if q.frozen != nil {
		q.rest()
		return nil
	}
	return q.head
}

// end drops everything for good. Only the head's writer calls it, or Conn.Release when there is none.
func (q *sendQueue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.releaseHead()
	q.releaseAfter()
	q.head, q.after, q.size = nil, nil, 0
	q.rest()
}

// length returns how many messages and control frames are queued, and their bytes.
func (q *sendQueue) length() (items, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if items = len(q.after); q.head != nil {
		items++
	}
	return items, q.size
}
