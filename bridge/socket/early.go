package socket

import (
	"io"
	"net"
	"sync"
	"time"
)

// HalfCloser is a connection whose two directions end apart.
type HalfCloser interface {
	net.Conn
	CloseWrite() error
}

// Early writes to a connection that is no WebSocket yet: what handlers send to a client that speaks another protocol, before its
// handshake or instead of one. Its methods may be called concurrently, and do not block unless they say so.
type Early struct {
	conn     HalfCloser
	upgrader *Upgrader
	owner    Owner
	timeout  time.Duration // of a write that waits
	limit    int           // bytes that may wait

	mu        sync.Mutex // guards the fields below
	phase     earlyPhase
	handshake bool          // has come: only its own handlers may send
	answered  bool          // they have
	waiting   []byte        // not written yet
	size      int           // bytes that wait and that are being written, all of which count in Upgrader.Sending
	writing   bool          // a goroutine writes
	idle      chan struct{} // closed when none does; nil: nobody waits for that
}

type earlyPhase byte

const (
	earlyOpen    earlyPhase = iota
	earlyClosing            // what was sent is written, and then the connection is closed
	earlyOver               // nothing is written here any more
)

// NewEarly returns an Early for a connection of which at most limit bytes may wait. They count in u.Sending. The owner's OnEvicted has to call
// Abort; nothing else of it is called.
func (u *Upgrader) NewEarly(conn HalfCloser, owner Owner, timeout time.Duration, limit int) *Early {
	return &Early{conn: conn, upgrader: u, owner: owner, timeout: timeout, limit: limit}
}

// Send writes b after all that was sent before. own says that a handler of this client sends it. The errors are ErrFull and ErrClosed.
func (e *Early) Send(b []byte, own bool) error {
	if err := e.queue(b, own); err != nil {
		return err
	}
	e.upgrader.relieveSending()
	return nil
}

func (e *Early) queue(b []byte, own bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.phase != earlyOpen, e.handshake && !own:
		return ErrClosed
	case len(e.waiting)+len(b) > e.limit:
		return ErrFull
	}
	e.answered = e.answered || e.handshake
	e.add(b)
	return nil
}

// add is called with mu held.
func (e *Early) add(b []byte) {
	e.waiting = append(e.waiting, b...)
	e.setSize(e.size + len(b))
	if !e.writing {
		e.writing = true
		e.upgrader.Spawn(e.write)
	}
}

// setSize is called with mu held.
func (e *Early) setSize(bytes int) {
	if (bytes > 0) != (e.size > 0) {
		e.upgrader.early.set(e, bytes > 0)
	}
	e.upgrader.Sending.add(bytes - e.size)
	e.size = bytes
}

func (e *Early) write() {
	for {
		b, closes := e.next()
		switch {
		case closes:
			_ = e.conn.CloseWrite() // if it fails, the connection has ended
			_ = e.conn.SetReadDeadline(time.Now().Add(closeWait))
		case b == nil:
			return
		default:
			if _, err := e.conn.Write(b); err != nil {
				e.Abort()
			}
		}
	}
}

// next returns what is to be written, or whether the connection is to be closed for writing. If it is neither, writing has ended.
func (e *Early) next() (b []byte, closes bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.setSize(len(e.waiting)) // the rest is written
	if len(e.waiting) > 0 || e.phase == earlyClosing {
		_ = e.conn.SetWriteDeadline(time.Now().Add(e.timeout)) // if it fails, so does writing
	}
	if len(e.waiting) > 0 {
		b, e.waiting = e.waiting, nil
		return b, false
	}
	if e.phase == earlyClosing {
		e.phase = earlyOver
		return nil, true
	}
	e.waiting, e.writing = nil, false
	if e.idle != nil {
		close(e.idle)
		e.idle = nil
	}
	return nil, false
}

// Handshake is called when the handshake has come. It reports false if the connection is being closed.
func (e *Early) Handshake() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.handshake = e.phase == earlyOpen
	return e.handshake
}

// HasAnswered reports whether handlers have answered the handshake themselves. If not, nothing is written here any more.
func (e *Early) HasAnswered() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.answered {
		e.phase = earlyOver
	}
	return e.answered
}

// Close ends the connection after what was sent, unless a handshake has come: its answer ends it. It writes last before the end.
func (e *Early) Close(last []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.phase == earlyOpen && !e.handshake {
		e.phase = earlyClosing
		e.add(last)
	}
}

// Abort drops what was sent and ends the connection, which its reader notices.
func (e *Early) Abort() { e.evictSending() }

// evictSending implements sender. What is being written is given up at once.
func (e *Early) evictSending() (bytes int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	bytes = e.size
	e.phase, e.waiting = earlyOver, nil
	e.setSize(0)
	_ = e.conn.SetDeadline(time.Unix(1, 0)) // if it fails, the connection has ended
	return bytes
}

// sendingHeld implements sender.
func (e *Early) sendingHeld() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.size
}

// endEvicted implements sender.
func (e *Early) endEvicted() { e.owner.OnEvicted() }

// Ends reports whether the connection ends without a handshake.
func (e *Early) Ends() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.phase != earlyOpen && !e.handshake
}

// Flush blocks until what was sent is written, or cannot be.
func (e *Early) Flush() {
	e.mu.Lock()
	if !e.writing {
		e.mu.Unlock()
		return
	}
	if e.idle == nil {
		e.idle = make(chan struct{})
	}
	idle := e.idle
	e.mu.Unlock()
	<-idle
}

// Linger blocks until what was sent is written and the client has ended the connection, for at most closeWait after that: to close a
// connection with something unread would reset it, and the reset may overtake what was sent. The caller reads nothing meanwhile, and closes
// the connection.
func (e *Early) Linger() {
	e.Flush()
	_, _ = io.Copy(io.Discard, e.conn)
}

// Finish is Close and Linger for a connection whose handshake has come.
func (e *Early) Finish() {
	e.mu.Lock()
	if e.phase != earlyOver {
		e.phase = earlyClosing
		e.add(nil)
	}
	e.mu.Unlock()
	e.Linger()
}

// earlySet is those that something waits for.
type earlySet struct {
	mu  sync.Mutex // guards the field below
	all map[*Early]struct{}
}

func (s *earlySet) set(e *Early, waits bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !waits {
		delete(s.all, e)
		return
	}
	if s.all == nil {
		s.all = map[*Early]struct{}{}
	}
	s.all[e] = struct{}{}
}

// appendTo returns senders with these.
func (s *earlySet) appendTo(senders []sender) []sender {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := range s.all {
		senders = append(senders, e)
	}
	return senders
}
