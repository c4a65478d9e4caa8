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
	limit int // messages and control frames, the head included
	bytes int // of their payload; a single message may have more

	mu     sync.Mutex // guards the fields below
	head   *Message   // is being written until next; only its writer calls next. Nil: the queue is empty
	after  []*Message
	size   int // bytes of all payloads
	closed bool
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
		*last = m
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
		return true
	}
	q.after = append(q.after, m)
	return false
}

// close queues the end, full or not. With drop it leaves out everything after the head, which may be half written.
func (q *sendQueue) close(end *Message, drop bool) (isHead bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	if drop && q.head != nil {
		q.after, q.size = nil, q.head.size
	}
	return q.push(end)
}

// next removes the head, which is written, and returns the next one, or nil. Only the head's writer calls it.
func (q *sendQueue) next() *Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.size -= q.head.size
	q.head = nil
	if len(q.after) == 0 {
		q.after = nil // an idle connection keeps no memory
		return nil
	}
	q.head, q.after[0] = q.after[0], nil
	q.after = q.after[1:]
	return q.head
}

// end drops everything for good. Only the head's writer calls it.
func (q *sendQueue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.head, q.after, q.size = nil, nil, 0
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
