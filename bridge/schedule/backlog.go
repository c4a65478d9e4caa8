package schedule

import "sync"

// Backlog bounds the events of all clients together, from their arrival until they are over: one client may have few of them waiting, and
// thousands of clients too many. Close events need no room in it.
type Backlog struct {
	mu     sync.Mutex // guards the fields below
	limit  int        // events
	bytes  int        // that they hold; one event always finds room
	events int
	size   int
}

// NewBacklog returns a backlog with room for that many events and bytes.
func NewBacklog(limit, bytes int) *Backlog { return &Backlog{limit: limit, bytes: bytes} }

// Take makes room for an event of size bytes, or reports false. The caller gives it back once.
func (b *Backlog) Take(size int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.events >= b.limit || b.events > 0 && b.size+size > b.bytes {
		return false
	}
	b.events++
	b.size += size
	return true
}

// Give gives the room of an event back.
func (b *Backlog) Give(size int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events--
	b.size -= size
}

// Resize sets other bounds. What is there stays, however much it is.
func (b *Backlog) Resize(limit, bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit, b.bytes = limit, bytes
}

// Now returns how many events there are, and their bytes.
func (b *Backlog) Now() (events, size int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.events, b.size
}
