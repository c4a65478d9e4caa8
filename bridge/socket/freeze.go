package socket

import (
	"context"
	"errors"
)

var (
	// ErrClosing says that a connection cannot move, since it ends: Close was called, the client has sent a close frame or is gone, or what it
	// holds was evicted. This process brings it to its end.
	ErrClosing = errors.New("connection is closing")
	// ErrNotFrozen says that State needs a Conn that Freeze has frozen.
	ErrNotFrozen = errors.New("connection is not frozen")
	// ErrMoved is how reading ends after Release.
	ErrMoved = errors.New("connection has moved to another process")
	// ErrFixed says that a connection cannot move, see CanMove.
	ErrFixed = errors.New("connection cannot move to another process")
)

// CanMove reports whether the connection can move to another process: it is the kernel's socket, and not encrypted here.
func (c *Conn) CanMove() bool { return c.raw.direct }

// Descriptor calls f with the number of the kernel's socket, which is valid until f returns. The error says that there is no such socket, or
// that it is closed.
func (c *Conn) Descriptor(f func(fd uintptr)) error {
	if !c.CanMove() {
		return ErrFixed
	}
	return c.raw.raw.Control(f)
}

// Share says that another process is about to get a copy of the descriptor, while this one goes on: when this one closes the connection, the client
// sees that although the other one has not closed its copy. It reports false for a connection that is ending, of which no copy may be made.
func (c *Conn) Share() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ends() {
		return false
	}
	c.shared = true
	return true
}

// Deflate returns what was agreed to in the handshake.
func (c *Conn) Deflate() Deflate { return c.deflate() }

// hangUp closes the connection, also for a process that has a copy of the descriptor.
func (c *Conn) hangUp() {
	c.mu.Lock()
	shared := c.shared
	c.mu.Unlock()
	if shared {
		c.raw.cut()
	}
	c.conn.Close()
}

// Freeze stops reading and writing, and returns once this process does neither, until Thaw or Release. Meanwhile Read blocks, and what is sent
// is queued, within the queue's limits. It is for a Conn that was greeted and that a goroutine reads: a message that Read has returned counts as
// taken once Read is called again, and Freeze waits for that. What has been read from the socket is at most 512 bytes ahead, and all whole
// messages in it are still returned by Read. So OnMessage, and whatever the reader does between two calls of Read, must not wait for room once
// Freeze is called.
//
// The errors are ErrFixed, ErrClosing and that of ctx, after which the Conn goes on as if Freeze had not been called. After nil, Thaw or Release
// has to follow, even after Abort: the reader waits for that. Freezing a Conn again does nothing. One goroutine at a time may call Freeze, State,
// Thaw and Release.
func (c *Conn) Freeze(ctx context.Context) error { return c.freeze(ctx, true) }

// FreezeReading is Freeze for reading alone: what is sent is written until Freeze stops that too, or ThawWriting lets it go on again. So what
// clients have sent can come to its end without filling their queues.
func (c *Conn) FreezeReading(ctx context.Context) error { return c.freeze(ctx, false) }

// ThawWriting lets writing go on, and leaves reading frozen.
func (c *Conn) ThawWriting() {
	c.mu.Lock()
	writes := false
	if c.paused != nil && c.paused.writes != nil {
		c.paused.writes = nil
		writes = c.queue.thaw()
	}
	c.mu.Unlock()
	if writes {
		c.upgrader.Spawn(c.write)
	}
	c.upgrader.relieveSending()
}

func (c *Conn) freeze(ctx context.Context, writing bool) error {
	p, err := c.pause(writing)
	if err != nil {
		return err
	}
	if err = p.await(ctx); err == nil && c.isEnding() {
		err = ErrClosing
	}
	if err != nil {
		c.Thaw()
	}
	return err
}

// pause wakes the reader and, with writing, the writer, and keeps the latter from beginning. Both notice that their deadlines are over only for
// that.
func (c *Conn) pause(writing bool) (*pause, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.CanMove():
		return nil, ErrFixed
	case c.ends() && c.paused == nil:
		return nil, ErrClosing
	case c.paused == nil:
		c.beginPause()
	}
	if writing && c.paused.writes == nil {
		c.pauseWriting()
	}
	return c.paused, nil
}

func (c *Conn) isEnding() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ends()
}

// ends reports whether the connection cannot be open for long. It is called with mu held.
func (c *Conn) ends() bool {
	return c.readEnded || c.wrote || c.evicted || c.moved || c.queue.isClosed()
}

// Thaw ends what Freeze began, or begins reading and writing of a Conn from Restore. The time in which it was frozen counts neither as silence
// of the client nor for Options.MessageTimeout, and a write that waits gets the whole Options.WriteTimeout again. It does nothing to a Conn that
// is not frozen.
func (c *Conn) Thaw() {
	p, writes := c.endPause(false)
	if p == nil {
		return
	}
	close(p.over)
	if writes {
		c.upgrader.Spawn(c.write)
	}
	c.upgrader.relieveSending()
}

// Release gives the connection up that another process has taken over, and closes this process's descriptor of it, so that the client notices
// nothing: no close frame is written, and the connection is not shut down. What is queued is dropped. Read then ends with ErrMoved, after which
// CloseRead returns at once, and Send returns ErrClosed. The Owner is told nothing, neither OnWriterEnd nor OnClosed: the caller of Release knows,
// and decides what counts where. The connection has to be frozen; otherwise Release does nothing. Until Release, no other method may be called
// that ends the connection, which would end it for the other process, too.
func (c *Conn) Release() {
	p, _ := c.endPause(true)
	if p == nil {
		return
	}
	c.conn.Close()
	close(p.over)
}
