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
	}
	return err
}

// Broadcast sends m to each of conns, which have the same Upgrader. It calls failed for each that m is not queued for, with Send's
// error, and returns before m is written to many.
func Broadcast(conns []*Conn, m *Message, failed func(i int, err error)) {
	var heads []*Conn
	for i, c := range conns {
		isHead, err := c.queue.add(m)
		switch {
		case err != nil:
			failed(i, err)
		case isHead && len(conns) <= maxHere:
			c.start()
		case isHead:
			heads = append(heads, c)
		}
	}
	for some := range slices.Chunk(heads, together) {
		some[0].upgrader.Spawn(func() {
			for _, c := range some {
				c.start()
			}
		})
	}
}

// start writes the queue, of which the caller has added the head. It leaves to a goroutine what the socket does not take at once.
func (c *Conn) start() {
	if !c.writeAtOnce() {
		c.upgrader.Spawn(c.write)
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

// write writes the queue until it is empty or the connection has ended. Each message has to be taken within the time limit.
func (c *Conn) write() {
	for m := c.queue.head; m != nil; m = c.queue.next() {
		err := c.writeWhole(m)
		if err != nil || m.isLast() {
			c.queue.end()
			c.endWriter(err, len(m.frame) == 0)
			return
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
	if err := c.conn.SetWriteDeadline(began.Add(c.timeout)); err != nil {
		return err
	}
	if _, err := c.conn.Write(c.rest); err != nil {
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
