package socket

import (
	"bufio"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// closeWait bounds how long a client may take to answer our close frame before its socket is closed all the same. Browsers answer at
// once.
const closeWait = 2 * time.Second

// Owner is told what becomes of a Conn.
type Owner interface {
	// OnMessage is called from Read when a message begins, before its payload is read. It may block while the owner has no room;
	// TCP then pushes back. While Freeze is called, it must not block. If it returns false, reading ends with EndedNoBinary.
	OnMessage(op Opcode) bool
	// OnBytes is called from Read when n bytes have come, whatever they are: the client lives.
	OnBytes(n int)
	// OnSilence is called from Read when no bytes have come for the time that KeepAlive gave. late is how long that has been over, which is
	// no time unless the program was stopped itself. Reading goes on for as long as it returns, and ends with EndedSilent if that is 0.
	OnSilence(late time.Duration) time.Duration
	// OnPong is called from Read for each pong.
	OnPong()
	// OnSent is called when the socket has taken a message or a control frame, which took that long. It may be called from Send, and
	// must not block.
	OnSent(m *Message, took time.Duration)
	// OnWriterEnd is called once, when nothing more is written. isSlow says that the client did not read in time.
	OnWriterEnd(isSlow bool)
	// OnEvicted is called when the connection has to end since too much is queued for all connections, and for this one most. It may be called
	// from Send or Broadcast of other connections, and must not block. The owner has to call DropAndClose, or Early.Abort.
	OnEvicted()
	// OnClosed is called once, when the socket is closed after the writer's end and CloseRead.
	OnClosed()
}

// Conn is one WebSocket. One goroutine calls Read and then CloseRead. All other methods may be called concurrently, and do not block, except
// for Freeze.
type Conn struct {
	// Set by Upgrade or Restore.
	upgrader *Upgrader
	owner    Owner
	conn     net.Conn
	raw      rawConn         // below conn
	gorilla  *websocket.Conn // reads conn through check
	buffer   *bufio.Reader   // gorilla's, over check
	timeout  time.Duration   // of a write that waits
	// messageTime is how long reading may wait for the rest of a message.
	messageTime time.Duration
	inWindow    bool // compressed messages refer to those before

	// Owned by the reader.
	check    frameCheck
	before   []byte    // with inWindow, the end of what compressed messages held
	restored *State    // of the message that is read next, which another process has begun to read; nil: none has
	message  incoming  // is read; without a conn: none is
	holds    bool      // it counts in the budget
	since    time.Time // when reading of the message timed first waited for more of it; zero: it has not
	timed    uint

	queue sendQueue
	rest  []byte // owned by the writer of the queue's head: what the socket has not taken of it

	halves atomic.Int32 // reader and writer that have ended; the second one closes the socket

	mu        sync.Mutex // guards the fields below
	wrote     bool       // the writer has ended
	lingering bool       // the reader only waits for the client to end the connection
	evicted   bool       // reading has to end
	aliveFrom time.Time  // when the deadline was last set
	aliveFor  time.Duration
	readEnded bool          // Read has failed
	paused    *pause        // reading and writing are frozen; nil: they are not
	cutRead   bool          // the deadline of reads is over only for that
	cutWrite  bool          // that of writes is
	moved     bool          // another process has the connection
	shared    bool          // another process has a descriptor of the socket, too
	reading   int           // bytes that the message that is read counts with
	released  chan struct{} // set with evicted, and closed when nothing is held any more
}

// NetConn returns the connection below.
func (c *Conn) NetConn() net.Conn { return c.conn }

// Greet sends the handshake's answer. It must be called once. What was sent before waits for it.
func (c *Conn) Greet() { c.start() }

// Close queues the end of the connection after all that was sent: a close frame, or with code 0 just the end. Only the first call
// counts.
func (c *Conn) Close(code int, reason string) { c.close(code, reason, false) }

// DropAndClose is Close for a client that does not read. It drops what the client is still owed, except the rest of a frame.
func (c *Conn) DropAndClose(code int, reason string) { c.close(code, reason, true) }

func (c *Conn) close(code int, reason string, drop bool) {
	end := &Message{}
	if code != 0 {
		end = newClose(code, reason)
	}
	if c.queue.close(end, drop) {
		c.upgrader.Spawn(c.write)
	}
}

// Abort ends the connection at once, without a close frame and without TLS's close_notify, which would wait for a client that does not
// read.
func (c *Conn) Abort() {
	c.raw.cut()
	c.conn.Close()
}

// Queued returns how many messages and control frames wait or are being written, and how many bytes they carry.
func (c *Conn) Queued() (items, bytes int) { return c.queue.length() }

// HungUp reports whether the other side has ended the connection, though some of what it sent may still be unread. Where the lowest layer
// of the connection cannot tell, it reports false.
func (c *Conn) HungUp() bool {
	l, _ := lowest(c.conn)
	kernels, ok := l.(interface{ HungUp() bool })
	return ok && kernels.HungUp()
}

// endWriter is called once, with the error that ended writing, or nil after the last frame. The other side may still answer our close
// frame. If it is only waited for to end the connection, our half is closed to ask for that (RFC 6455, section 7.1.1).
func (c *Conn) endWriter(err error, drop bool) {
	c.owner.OnWriterEnd(isTimeout(err))
	c.mu.Lock()
	c.wrote = true
	lingering := c.lingering
	c.mu.Unlock()
	switch {
	case err != nil:
		c.Abort()
	case drop, lingering && !c.halfClose():
		c.hangUp()
	default:
		_ = c.conn.SetReadDeadline(time.Now().Add(closeWait)) // if it fails, reading has ended
	}
	c.halfEnded()
}

// halfClose ends what is written. It reports false if the connection cannot do that.
func (c *Conn) halfClose() bool {
	half, ok := c.conn.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}

func (c *Conn) halfEnded() {
	if c.halves.Add(1) == 2 {
		c.hangUp()
		c.owner.OnClosed()
	}
}
