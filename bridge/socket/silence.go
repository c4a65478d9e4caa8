package socket

import (
	"net"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

const (
	// keepAlivePart is the part of a client's time by which that may be shorter than wanted: to set the deadline again takes a quarter of a
	// microsecond, and a busy client sends many messages.
	keepAlivePart = 64
	// lastLook is the time for reading what has come before a client counts as silent: after a deadline nothing is read, even if it is there.
	lastLook = 10 * time.Millisecond
)

// KeepAlive lets the client be silent for about d from now on before Owner.OnSilence is asked. It does nothing once the close frame is
// written: the answer to that has closeWait. It is for the goroutine that calls Read.
func (c *Conn) KeepAlive(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.wrote || d == c.aliveFor && now.Sub(c.aliveFrom) < d/keepAlivePart {
		return
	}
	c.keepAlive(now, d)
}

// keepAlive is called with mu held.
func (c *Conn) keepAlive(now time.Time, d time.Duration) {
	c.aliveFrom, c.aliveFor = now, d
	if c.evicted || c.cutRead {
		return
	}
	deadline := now.Add(d)
	if by := c.due(); !by.IsZero() && by.Before(deadline) {
		deadline = by
	}
	c.setDeadline(deadline)
}

func (c *Conn) setDeadline(t time.Time) { _ = c.conn.SetReadDeadline(t) } // if it fails, so does Read

// past is a deadline that is over.
var past = time.Unix(1, 0)

// patientConn is a client's connection as the frame check reads it. It tells the owner of bytes and of silence.
type patientConn struct {
	net.Conn
	c *Conn
}

// Read fails with a timeout only if the client is silent, or has not answered our close frame.
func (p patientConn) Read(b []byte) (int, error) {
	for {
		p.c.timeMessage()
		n, err := p.Conn.Read(b)
		if n == 0 && isTimeout(err) {
			n, err = p.readLate(b, err)
		}
		if n > 0 {
			p.c.owner.OnBytes(n)
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// timeMessage starts the time of a message of which more has to be read, and ends that of the one before. Most messages come whole, and have
// none.
func (c *Conn) timeMessage() {
	within := c.check.isWithinMessage()
	switch {
	case within && (c.since.IsZero() || c.timed != c.check.number):
		c.since, c.timed = time.Now(), c.check.number
	case !within && !c.since.IsZero():
		c.since = time.Time{}
	default:
		return
	}
	c.retime()
}

// due returns when the message that is read has to be there; zero: at any time. Only the reader calls it.
func (c *Conn) due() time.Time {
	if c.since.IsZero() {
		return time.Time{}
	}
	return c.since.Add(c.messageTime)
}

// retime is called when due has changed. Unless that comes first, the deadline is set by the next KeepAlive.
func (c *Conn) retime() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.messageTime < c.aliveFor && !c.wrote {
		c.keepAlive(c.aliveFrom, c.aliveFor)
	}
}

// readLate is called after a timeout. It reads what has come, and else asks the owner. Without an error and bytes, reading goes on.
func (p patientConn) readLate(b []byte, timeout error) (int, error) {
	if p.c.awaitThaw() {
		return 0, nil
	}
	if p.c.isEvicted() {
		return 0, errEvicted
	}
	if by := p.c.due(); !by.IsZero() && time.Now().After(by) {
		return 0, &violation{outcome.EndedUnfinished, "message took too long to arrive"}
	}
	late, waits := p.c.extend(lastLook)
	if !waits {
		return 0, timeout
	}
	n, err := p.Conn.Read(b)
	if n > 0 || !isTimeout(err) {
		return n, err
	}
	if p.c.awaitThaw() {
		return 0, nil
	}
	if more := p.c.owner.OnSilence(late); more > 0 {
		p.c.extend(more)
		return 0, nil
	}
	return 0, err
}

// extend gives a client more time whose time is over. late is how long it has been over. It reports false if the client only has to answer
// our close frame.
func (c *Conn) extend(more time.Duration) (late time.Duration, waits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wrote {
		return 0, false
	}
	now := time.Now()
	late = now.Sub(c.aliveFrom.Add(c.aliveFor))
	c.keepAlive(now, more)
	return late, true
}

// SilentBy returns when the time of KeepAlive is over, if nothing comes; zero if KeepAlive was not called.
func (c *Conn) SilentBy() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.aliveFor == 0 {
		return time.Time{}
	}
	return c.aliveFrom.Add(c.aliveFor)
}
