package socket

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// pause is a time in which this process does not read from the kernel's socket and, from some time in it on, does not write to it either.
type pause struct {
	since, until time.Time
	reads        chan struct{}   // closed when the reader waits for over, or reading has ended
	writes       <-chan struct{} // closed when no writer is left; nil: writing goes on
	over         chan struct{}   // closed by Thaw and Release
}

// await blocks until nothing is read any more, nor written unless that goes on.
func (p *pause) await(ctx context.Context) error {
	select {
	case <-p.reads:
	case <-ctx.Done():
		return fmt.Errorf("wait for the reader: %w", ctx.Err())
	}
	if p.writes == nil {
		return nil
	}
	select {
	case <-p.writes:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the writer: %w", ctx.Err())
	}
}

// hasBegun reports whether nothing is read and written any more.
func (p *pause) hasBegun() bool {
	select {
	case <-p.reads:
	default:
		return false
	}
	select {
	case <-p.writes:
		return true
	default:
		return false
	}
}

// beginPause stops reading. It is called with mu held.
func (c *Conn) beginPause() {
	c.paused = &pause{since: time.Now(), reads: make(chan struct{}), over: make(chan struct{})}
	c.cutRead = true
	c.setDeadline(past)
}

// pauseWriting is called with mu held, in a pause.
func (c *Conn) pauseWriting() {
	c.paused.writes, c.cutWrite = c.queue.freeze(), true
	_ = c.conn.SetWriteDeadline(past) // if it fails, so does writing
}

// endPause returns what Freeze began, and whether writing has to be begun again; nil: nothing.
func (c *Conn) endPause(moved bool) (p *pause, writes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p = c.paused; p == nil {
		return nil, false
	}
	c.paused, c.moved, p.until = nil, moved, time.Now()
	if moved {
		c.queue.end()
		return p, false
	}
	return p, c.queue.thaw()
}

// awaitThaw is called by the reader after a timeout. If that was there only for Freeze, it blocks while the connection is frozen, restores the
// deadline and returns true.
func (c *Conn) awaitThaw() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.cutRead {
		return false
	}
	for c.paused != nil {
		p := c.paused
		c.mu.Unlock()
		close(p.reads)
		<-p.over
		c.mu.Lock()
		c.aliveFrom = later(c.aliveFrom, p)
		c.since = later(c.since, p)
	}
	c.resumeReading()
	return true
}

// later returns a time that was noted before or in a pause as if that had not been.
func later(t time.Time, p *pause) time.Time {
	switch {
	case t.IsZero():
		return t
	case t.Before(p.since):
		return t.Add(p.until.Sub(p.since))
	}
	return p.until
}

// resumeReading restores the deadline. It is called by the reader, with mu held.
func (c *Conn) resumeReading() {
	switch c.cutRead = false; {
	case c.wrote:
		c.setDeadline(time.Now().Add(closeWait))
	case c.aliveFor == 0: // KeepAlive has not been called
		c.setDeadline(time.Time{})
	default:
		c.keepAlive(c.aliveFrom, c.aliveFor)
	}
}

// endReading notes that Read has failed, and returns how.
func (c *Conn) endReading(err error) *End {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readEnded = true
	if c.moved {
		return &End{Ending: outcome.EndedByHangup, Err: ErrMoved}
	}
	if c.paused != nil {
		close(c.paused.reads)
	}
	if c.cutRead {
		c.resumeReading()
	}
	return newEnd(c.cause(err))
}

var errFrozen = errors.New("writing is frozen")

// beginWrite sets the deadline of a write that may wait. It fails with errFrozen while the connection is frozen.
func (c *Conn) beginWrite(until time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused != nil && c.paused.writes != nil {
		return errFrozen
	}
	c.cutWrite = false
	return c.conn.SetWriteDeadline(until)
}

// wasCut reports whether a write has failed only since the connection was frozen meanwhile.
func (c *Conn) wasCut(err error) bool {
	if !isTimeout(err) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cutWrite
}
