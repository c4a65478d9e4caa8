package socket

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Restore is Adopt, and then Resume. The caller closes conn after an error.
func (u *Upgrader) Restore(conn net.Conn, s *State, queued *Messages, o Options) (*Conn, error) {
	o.Deflate = s.Deflate
	c, err := u.Adopt(conn, o)
	if err == nil {
		err = c.Resume(s, queued)
	}
	if err != nil {
		return nil, fmt.Errorf("restore connection: %w", err)
	}
	return c, nil
}

// Adopt makes the Conn of a connection that another process has, from its descriptor, while that one still uses it. conn is the connection as
// Upgrade would get it: the kernel's socket under the door's layers, if any. Of o, Subprotocol and ServerHeader are ignored, and Deflate is what was
// agreed to in the handshake.
//
// The Conn is frozen, and reads and writes nothing before Thaw. Once the other process stands still, Resume has to be called; before or after Thaw
// the caller has to call Read, and then CloseRead. To leave the connection to the other process, the caller calls Release. The error says that conn is
// not the kernel's, or that nothing like o.Deflate is known; the caller closes conn then.
func (u *Upgrader) Adopt(conn net.Conn, o Options) (*Conn, error) {
	if o.Deflate > DeflateInWindow {
		return nil, fmt.Errorf("deflate: unknown agreement %d", o.Deflate)
	}
	c := u.newConn(o)
	if err := c.takeOver(heldConn{conn: conn}, switchedRequest(), nil); err != nil {
		return nil, err
	}
	if !c.CanMove() {
		return nil, ErrFixed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shared = true // until the other process closes its descriptor
	c.beginPause()
	c.pauseWriting()
	return c, nil
}

// Resume brings a Conn from Adopt to where the other process has stopped. The messages that s names are in queued. OnMessage is called again for a
// message that had begun. What s brings to be sent is queued and counts in Upgrader.Sending even if that is too much by now; what it brings of a
// message counts in Upgrader.Reading from Read on. s must not be used again. The error says what of s is wrong; only Release may be called then.
func (c *Conn) Resume(s *State, queued *Messages) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused == nil {
		return ErrNotFrozen
	}
	c.paused.since = time.Now()
	return c.restore(s, queued)
}

// restore is called while c is frozen.
func (c *Conn) restore(s *State, queued *Messages) error {
	switch {
	case s.Deflate != c.deflate():
		return fmt.Errorf("deflate: agreement %d, and not %d", s.Deflate, c.deflate())
	case len(s.Window) > 0 && !c.inWindow:
		return errors.New("window: not agreed to")
	case len(s.Window) > window:
		return fmt.Errorf("window: %d bytes", len(s.Window))
	case s.Waited < 0:
		return fmt.Errorf("waited: %v", s.Waited)
	}
	if err := c.check.restore(s); err != nil {
		return err
	}
	if err := spend(c.check.messages, s.SpentMessages); err != nil {
		return fmt.Errorf("spent messages: %w", err)
	}
	if err := spend(c.check.empty, s.SpentControls); err != nil {
		return fmt.Errorf("spent controls: %w", err)
	}
	if err := c.restoreQueue(s, queued); err != nil {
		return err
	}
	c.before = s.Window
	c.since, c.timed = s.waitedFrom(), c.check.number
	if s.Message != nil {
		c.restored = s
	}
	if first := s.replay(); len(first) > 0 {
		c.buffer.Reset(io.MultiReader(bytes.NewReader(first), &c.check))
	}
	return nil
}

func (c *Conn) restoreQueue(s *State, queued *Messages) error {
	var all []*Message
	for _, n := range s.Queue {
		if n < 0 || n >= queued.Len() {
			return fmt.Errorf("queue: no message %d", n)
		}
		all = append(all, queued.all[n])
	}
	if s.Taken < 0 || s.Taken > 0 && len(all) == 0 {
		return fmt.Errorf("taken: %d bytes of no message", s.Taken)
	}
	if s.Taken > 0 {
		frame := c.frame(all[0])
		if s.Taken >= len(frame) {
			return fmt.Errorf("taken: %d bytes of %d", s.Taken, len(frame))
		}
		c.rest = frame[s.Taken:]
	}
	c.queue.restore(all)
	return nil
}

// waitedFrom returns since when reading has waited for the rest of the message, if it had done nothing else since then; zero: it has not waited.
func (s *State) waitedFrom() time.Time {
	if s == nil || s.Waited == 0 {
		return time.Time{}
	}
	return time.Now().Add(-s.Waited)
}

// heldConn is the response to a handshake that another process has answered, for gorilla, which makes connections only of handshakes.
type heldConn struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack implements http.Hijacker.
func (h heldConn) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReaderSize(h.conn, 16), bufio.NewWriterSize(io.Discard, 16)), nil
}

// switchedRequest returns a handshake that gorilla accepts. It was checked by the other process.
func switchedRequest() *http.Request {
	return &http.Request{Method: http.MethodGet, Header: http.Header{"Connection": {"upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="}}}
}
