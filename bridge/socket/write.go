package socket

import (
	"slices"
	"time"
)

const (
	// maxAtOnce is how many messages one caller writes of a connection's queue, so that other senders do not keep it busy.
	maxAtOnce = 16
	// maxHere is the number of connections up to which Broadcast writes itself. A write takes about 6 microseconds, so that the caller
	// is not delayed much.
	maxHere = 8
	// together is how many connections one goroutine of Broadcast writes. One goroutine each costs more than most of the writes do.
	together = 256
	// maxDeflatedHere is the size in bytes up to which a sender compresses a message itself.
	maxDeflatedHere = 4 << 10
)

// Send queues m after all that was sent before, and writes it if the socket takes it at once. Its errors are ErrFull and ErrClosed.
func (c *Conn) Send(m *Message) error {
	isHead, err := c.queue.add(m)
	if isHead {
		c.start()
	} else {
		c.upgrader.relieveSending()
	}
	return err
}

// Broadcast sends m to each of the connections that recipients returns, all of which u has made. Of any two messages that are broadcast,
// one comes first for every connection that gets both: recipients is called, and m is queued, while no other message is broadcast. So
// recipients must not block, nor broadcast. Broadcast calls failed for each connection that m is not queued for, with its index and with
// Send's error, and returns before m is written to many.
func (u *Upgrader) Broadcast(m *Message, recipients func() []*Conn, failed func(i int, err error)) {
	heads, many, misses := u.queueForAll(m, recipients)
	for _, miss := range misses {
		failed(miss.i, miss.err)
	}
	u.relieveSending()
	if !many {
		startAll(heads)
		return
	}
	for some := range slices.Chunk(heads, together) {
		u.Spawn(func() { startAll(some) })
	}
}

// miss is a connection that a message is not queued for.
type miss struct {
	i   int
	err error
}

// queueForAll returns the connections that the caller has to start, and whether there are more recipients than it should write to itself.
func (u *Upgrader) queueForAll(m *Message, recipients func() []*Conn) (heads []*Conn, many bool, misses []miss) {
	u.broadcasting.Lock()
	defer u.broadcasting.Unlock()
	conns := recipients()
	heads = make([]*Conn, 0, len(conns))
	for i, c := range conns {
		switch isHead, err := c.queue.add(m); {
		case err != nil:
			misses = append(misses, miss{i, err})
		case isHead:
			heads = append(heads, c)
		}
	}
	return heads, len(conns) > maxHere, misses
}

func startAll(conns []*Conn) {
	for _, c := range conns {
		c.start()
	}
}

// start writes the queue, of which the caller has added the head. It leaves to a goroutine what the socket does not take at once.
func (c *Conn) start() {
	if !c.writeAtOnce() {
		c.queue.holdHead()
		c.upgrader.Spawn(c.write)
		c.upgrader.relieveSending()
	}
}

// writeAtOnce writes without waiting and reports whether the queue is empty. The end of the connection, and errors, are left to write.
func (c *Conn) writeAtOnce() (done bool) {
	m := c.queue.head
	for range maxAtOnce {
		if m == nil {
			return true
		}
		if !c.raw.direct || m.isLast() || c.deflates(m) && m.size > maxDeflatedHere && !m.isDeflated.Load() {
			return false
		}
		began, frame := time.Now(), c.frame(m)
		n, err := c.raw.write(frame)
		if err != nil || n < len(frame) {
			c.rest = frame[n:]
			return false
		}
		c.sent(m, began)
		m = c.queue.next()
	}
	return m == nil
}

// write writes the queue until it is empty, frozen, or the connection has ended. Each message has to be taken within the time limit.
func (c *Conn) write() {
	for m := c.queue.head; m != nil; {
		switch err := c.writeWhole(m); {
		case err == errFrozen:
			if c.queue.leave() {
				return
			}
		case err != nil || m.isLast():
			c.queue.end()
			c.endWriter(err, len(m.frame) == 0)
			return
		default:
			m = c.queue.next()
		}
	}
}

// writeWhole writes m, or what writeAtOnce has left of it.
func (c *Conn) writeWhole(m *Message) error {
	if c.rest == nil {
		c.rest = c.frame(m)
	}
	if len(c.rest) == 0 {
		return nil
	}
	began := time.Now()
	if err := c.beginWrite(began.Add(c.timeout)); err != nil {
		return err
	}
	n, err := c.conn.Write(c.rest)
	if c.rest = c.rest[n:]; err != nil {
		if c.wasCut(err) {
			return c.writeWhole(m)
		}
		return err
	}
	c.rest = nil
	c.sent(m, began)
	return nil
}

func (c *Conn) sent(m *Message, began time.Time) {
	if m.op != 0 {
		c.owner.OnSent(m, time.Since(began))
	}
}

// deflates reports whether m is sent compressed.
func (c *Conn) deflates(m *Message) bool {
	return c.check.deflate && m.op.isData() && m.size >= minDeflated
}

// frame returns m as this connection's socket gets it.
func (c *Conn) frame(m *Message) []byte {
	if c.deflates(m) {
		return m.deflatedFrame(&c.upgrader.deflaters)
	}
	return m.frame
}
