package bridge

import "sync"

// backlog bounds the events of all clients together, from their arrival until they are over: what one client may have
// waiting is little, and what thousands may is not. Close events need no room in it.
type backlog struct {
	mu     sync.Mutex // guards the fields below
	limit  int        // events
	bytes  int        // and what they carry; one event always may
	events int
	size   int
}

// take makes room for an event that carries size bytes, or reports false. The caller gives it back once.
func (b *backlog) take(size int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.events >= b.limit || b.events > 0 && b.size+size > b.bytes {
		return false
	}
	b.events++
	b.size += size
	return true
}

func (b *backlog) give(size int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events--
	b.size -= size
}

// resize sets other bounds. What is there already stays, however much it is.
func (b *backlog) resize(limit, bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit, b.bytes = limit, bytes
}

// now returns what there is.
func (b *backlog) now() (events, size int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.events, b.size
}
