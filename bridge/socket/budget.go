package socket

import (
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// Budget bounds the memory that all connections of an Upgrader hold together, for what they read or for what they are sent. Each connection
// has limits of its own, but many of them near their limits have more memory than there is. Over it, connections that hold most are ended, with
// EndedMemory, until it is kept. The zero value has no limit.
type Budget struct {
	limit, used atomic.Int64
	peak        atomic.Int64 // of used, since Freed
	evicted     atomic.Int64 // bytes that connections had to give up so far

	comparing  sync.Mutex // held while connections are compared
	collecting sync.Mutex // guards the field below
	collected  int64      // evicted, when its memory was last collected
}

func (b *Budget) add(bytes int) {
	used := b.used.Add(int64(bytes))
	for {
		peak := b.peak.Load()
		if used <= peak || b.peak.CompareAndSwap(peak, used) {
			return
		}
	}
}

// Freed returns how many bytes less are held than at the most since the last call.
func (b *Budget) Freed() int {
	used := b.used.Load()
	return int(max(0, b.peak.Swap(used)-used))
}

// SetLimit sets the number of bytes; 0: no limit. The next use of the budget heeds it.
func (b *Budget) SetLimit(bytes int) { b.limit.Store(int64(bytes)) }

// Used returns how many bytes are held.
func (b *Budget) Used() int { return int(b.used.Load()) }

func (b *Budget) isOver() bool {
	limit := b.limit.Load()
	return limit > 0 && b.used.Load() > limit
}

// garbagePart is the part of a budget's limit that may be garbage of what was evicted before that is collected. Its collection takes some
// milliseconds, and an attack may make it necessary again and again.
const garbagePart = 8

// collect gives memory of b that was evicted back to the system: much more may come before Go would do so. It blocks while others do that.
func (b *Budget) collect() {
	b.collecting.Lock()
	defer b.collecting.Unlock()
	if evicted := b.evicted.Load(); evicted-b.collected > b.limit.Load()/garbagePart {
		debug.FreeOSMemory()
		b.collected = b.evicted.Load()
	}
}

// relieve has those of all give up what they hold, the largest first, until b is kept, and returns them. release does that for one.
func relieve[T any](b *Budget, all func() []T, held func(T) int, release func(T)) (released []T) {
	b.comparing.Lock()
	defer b.comparing.Unlock()
	for b.isOver() {
		var largest T
		most := 0
		for _, one := range all() {
			if n := held(one); n > most {
				largest, most = one, n
			}
		}
		if most == 0 {
			return released // those that hold something end already
		}
		release(largest)
		released = append(released, largest)
	}
	return released
}

// sender holds bytes of Upgrader.Sending: a [Conn] or an [Early].
type sender interface {
	sendingHeld() int
	evictSending() (bytes int) // gives them up, and returns how many they were
	endEvicted()               // ends the connection after that
}

var (
	_ sender = (*Conn)(nil)
	_ sender = (*Early)(nil)
)

func (u *Upgrader) senders() (all []sender) {
	for _, c := range u.Connections() {
		all = append(all, c)
	}
	return u.early.appendTo(all)
}

// relieveSending is called after something was queued that has to wait.
func (u *Upgrader) relieveSending() {
	if !u.Sending.isOver() {
		return
	}
	evict := func(s sender) { u.Sending.evicted.Add(int64(s.evictSending())) }
	for _, s := range relieve(&u.Sending, u.senders, sender.sendingHeld, evict) {
		s.endEvicted()
	}
	u.Spawn(u.Sending.collect)
}

// sendingHeld implements sender.
func (c *Conn) sendingHeld() int { return c.queue.held() }

// evictSending implements sender.
func (c *Conn) evictSending() (bytes int) { return c.queue.evict() }

// endEvicted implements sender.
func (c *Conn) endEvicted() {
	c.owner.OnEvicted()
	_ = c.conn.SetWriteDeadline(time.Now().Add(closeWait)) // of the frame that is being written; if it fails, so does writing
}

// smallRead is the size in bytes up to which the memory of a message that is read does not count.
const smallRead = 4 << 10

// maxReleaseWait is how long reading waits for others to end. They are woken, and need no time to speak of.
const maxReleaseWait = 100 * time.Millisecond

// holdReading counts the memory of the message that is read. The error says that the connection has to end.
func (c *Conn) holdReading(bytes int) error {
	u := c.upgrader
	c.holds = true
	if !c.setReading(bytes) {
		return errEvicted
	}
	if u.Reading.isOver() {
		evicted := relieve(&u.Reading, u.Connections, (*Conn).readingHeld, (*Conn).evictReading)
		c.awaitRelease(evicted)
		u.Reading.collect()
	}
	if c.isEvicted() {
		return errEvicted
	}
	return nil
}

// awaitRelease blocks until connections that were evicted have given up their buffers, so that not many of them are there at the same time.
// It does not wait for long, since one of them may wait for c.
func (c *Conn) awaitRelease(evicted []*Conn) {
	enough := time.After(maxReleaseWait)
	for _, other := range evicted {
		if other == c {
			continue
		}
		select {
		case <-other.released:
		case <-enough:
			return
		}
	}
}

// setReading reports false if the connection has been evicted.
func (c *Conn) setReading(bytes int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.evicted {
		return false
	}
	c.upgrader.Reading.add(bytes - c.reading)
	c.reading = bytes
	return true
}

// releaseReading is called when the message has been read, or will not be.
func (c *Conn) releaseReading() {
	if c.holds {
		c.holds = false
		if !c.setReading(0) {
			close(c.released)
		}
	}
}

func (c *Conn) readingHeld() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reading
}

func (c *Conn) isEvicted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.evicted
}

// evictReading ends reading, wherever that is.
func (c *Conn) evictReading() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.evicted || c.reading == 0 { // it has just ended
		return
	}
	c.upgrader.Reading.add(-c.reading)
	c.upgrader.Reading.evicted.Add(int64(c.reading))
	c.reading, c.evicted, c.released = 0, true, make(chan struct{})
	if !c.wrote {
		c.setDeadline(past)
	}
}

var errEvicted = &violation{outcome.EndedMemory, "messages of all clients take too much memory, and this one most"}
