package handover

import (
	"context"
	"fmt"
	"math"
	"os"
	"syscall"
	"time"
)

// Limits of a message.
const (
	MaxFiles = 250
	MaxBody  = 256 << 20 // bytes
)

// maxName is the length of the longest name, in bytes.
const maxName = math.MaxUint8

// Message is what one side sends.
type Message struct {
	Name string // what it is, 255 bytes at most
	Body []byte // MaxBody bytes at most
	// Files go with it, MaxFiles at most. The sender keeps its own.
	Files []syscall.Conn
}

// Received is a message that has come. The caller closes the files.
type Received struct {
	Name  string
	Body  []byte
	Files []*os.File
}

// Close closes the files.
func (r *Received) Close() { closeAll(r.Files) }

// Send sends a message, and blocks until the other side has received it with all its files, or ctx ends. The files may be used meanwhile. A
// descriptor is taken without a change to the file's flags or deadlines, as File.Fd would make one.
func (c *Channel) Send(ctx context.Context, m Message) error {
	if len(m.Files) > MaxFiles || len(m.Body) > MaxBody || len(m.Name) > maxName {
		return fmt.Errorf("send %s: %d files, %d bytes: want %d and %d at most", m.Name, len(m.Files), len(m.Body), MaxFiles, MaxBody)
	}
	stop, err := c.bound(ctx)
	if err != nil {
		return fmt.Errorf("send %s: %w", m.Name, err)
	}
	defer stop()
	c.sent++
	if err := c.send(m); err != nil {
		return fmt.Errorf("send %s: %w", m.Name, explain(ctx, err))
	}
	return nil
}

func (c *Channel) send(m Message) error {
	err := withDescriptors(m.Files, nil, func(fds []int) error { return c.writeFrame(message, c.sent, m.Name, m.Body, fds) })
	if err != nil && !isClosed(err) {
		return err
	}
	// The other side may have said why it closes the channel.
	if ackErr := c.awaitAcknowledgement(); !isClosed(ackErr) || err == nil {
		return ackErr
	}
	return err
}

func (c *Channel) awaitAcknowledgement() error {
	f, err := c.readFrame()
	if err != nil {
		return err
	}
	closeAll(f.files) // none is meant to come
	switch {
	case f.kind == refusal:
		return &Refusal{string(f.body)}
	case f.kind != acknowledgement || f.number != c.sent:
		return fmt.Errorf("the other process sends %q, message %d, instead of the acknowledgement of message %d", f.name, f.number, c.sent)
	}
	return nil
}

// Acknowledged reports whether the other side has acknowledged the last message, whose Send has failed. It is for a process that has ended:
// what it has written before is still there. It does not block.
func (c *Channel) Acknowledged() bool {
	const moment = 100 * time.Millisecond // what is there is read at once
	if c.conn.SetDeadline(time.Now().Add(moment)) != nil {
		return false
	}
	return c.awaitAcknowledgement() == nil
}

// Receive blocks until a message has come, and acknowledges it, or until ctx ends. If not all its files have come, it refuses the message, and
// fails with an error that wraps ErrFiles.
func (c *Channel) Receive(ctx context.Context) (*Received, error) {
	stop, err := c.bound(ctx)
	if err != nil {
		return nil, fmt.Errorf("receive: %w", err)
	}
	defer stop()
	f, err := c.readFrame()
	switch {
	case err != nil:
		return nil, fmt.Errorf("receive: %w", explain(ctx, err))
	case f.kind == refusal:
		err = &Refusal{string(f.body)}
	case f.kind != message || f.number != c.got+1:
		err = fmt.Errorf("receive: the other process sends frame %d of kind %d instead of message %d", f.number, f.kind, c.got+1)
	case f.short != nil:
		err = fmt.Errorf("receive %s: %w", f.name, f.short)
		_ = c.writeFrame(refusal, 0, "", []byte(err.Error()), nil) // or it sees that the channel is closed
	}
	if err != nil {
		closeAll(f.files)
		return nil, err
	}
	c.got++
	if err := c.writeFrame(acknowledgement, c.got, "", nil, nil); err != nil {
		closeAll(f.files)
		return nil, fmt.Errorf("receive %s: %w", f.name, explain(ctx, err))
	}
	return &Received{f.name, f.body, f.files}, nil
}

// Refuse tells the other side why this one does not go on. It does not wait until that is read; then both close the channel.
func (c *Channel) Refuse(ctx context.Context, reason string) error {
	stop, err := c.bound(ctx)
	if err != nil {
		return err
	}
	defer stop()
	return explain(ctx, c.writeFrame(refusal, 0, "", []byte(reason[:min(len(reason), maxReason)]), nil))
}

// maxReason is far more than a reason is long, and fits a socket's buffer, so that Refuse need not wait.
const maxReason = 16 << 10

// withDescriptors calls do with the descriptors of all conns after fds. They stay open until do returns.
func withDescriptors(conns []syscall.Conn, fds []int, do func(fds []int) error) error {
	if len(conns) == 0 {
		return do(fds)
	}
	raw, err := conns[0].SyscallConn()
	if err != nil {
		return err
	}
	var doErr error
	if err := raw.Control(func(fd uintptr) { doErr = withDescriptors(conns[1:], append(fds, int(fd)), do) }); err != nil {
		return fmt.Errorf("a file that is to be handed over: %w", os.ErrClosed)
	}
	return doErr
}
