package schedule

import "sync"

// Backlog limits the events of all clients together, from their arrival to their end: each client may have only a few of them, but
// thousands of clients have too many.
type Backlog struct {
	mu        sync.Mutex // guards the fields below
	maxEvents int
	maxBytes  int // a single event may have more
	events    int
	bytes     int
}

// NewBacklog returns an empty Backlog with room for that many events and bytes.
func NewBacklog(maxEvents, maxBytes int) *Backlog {
	return &Backlog{maxEvents: maxEvents, maxBytes: maxBytes}
}

// Acquire takes room for an event of size bytes, which the caller must release. It reports false if the room is taken. A single event always
// finds room.
func (b *Backlog) Acquire(size int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.events >= b.maxEvents || b.events > 0 && b.bytes+size > b.maxBytes {
		return false
	}
	b.events++
	b.bytes += size
	return true
}

// Take is Acquire for an event that had room in another process: there always is room for it.
func (b *Backlog) Take(size int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events++
	b.bytes += size
}

// Release gives back the room of an event of size bytes.
func (b *Backlog) Release(size int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events--
	b.bytes -= size
}

// Resize changes the limits. Events that are there stay, even if they are too many now.
func (b *Backlog) Resize(maxEvents, maxBytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.maxEvents, b.maxBytes = maxEvents, maxBytes
}

// Load returns how many events there are, and how many bytes they have.
func (b *Backlog) Load() (events, bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.events, b.bytes
}
