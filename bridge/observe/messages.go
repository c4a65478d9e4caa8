package observe

import "sync/atomic"

// Counter counts the messages of one client, without control frames. The zero Counter is ready to use.
type Counter struct {
	received, sent           atomic.Uint64
	receivedBytes, sentBytes atomic.Uint64
}

// Received counts a message that the client sent.
func (c *Counter) Received(size int) {
	c.received.Add(1)
	c.receivedBytes.Add(uint64(size))
}

// Sent counts a message that the client's socket has taken.
func (c *Counter) Sent(size int) {
	c.sent.Add(1)
	c.sentBytes.Add(uint64(size))
}

// Messages returns the counts.
func (c *Counter) Messages() Messages {
	return Messages{c.received.Load(), c.sent.Load(), c.receivedBytes.Load(), c.sentBytes.Load()}
}

// Restore sets the counts of a client that another process has counted before.
func (c *Counter) Restore(m Messages) {
	c.received.Store(m.Received)
	c.sent.Store(m.Sent)
	c.receivedBytes.Store(m.ReceivedBytes)
	c.sentBytes.Store(m.SentBytes)
}

// Messages are counts of messages and their bytes since the start.
type Messages struct {
	Received, Sent           uint64
	ReceivedBytes, SentBytes uint64
}

// Add adds the counts of o.
func (m *Messages) Add(o Messages) {
	m.Received += o.Received
	m.Sent += o.Sent
	m.ReceivedBytes += o.ReceivedBytes
	m.SentBytes += o.SentBytes
}
