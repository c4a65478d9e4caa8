package socket

import "time"

// State is what another process needs of a Conn, besides its descriptor. It is plain data. What it has from Conn.State shares memory with the
// Conn, and is valid until Thaw or Release.
type State struct {
	Deflate Deflate // as agreed to
	Window  []byte  // with DeflateInWindow, the end of what the client's compressed messages held, at most 32 KiB

	Message *Partial // that is being read; nil: none is
	// Frame is the frame that is being read, as the client sent it: its header, or as much of that as has come, and of a control frame the
	// payload that has come, too. It is empty between two frames.
	Frame []byte
	Left  int64 // bytes of the payload still to come, if the header of Frame is whole and it is no control frame

	Waited time.Duration // for the rest of the message, since reading first did; 0: it has not

	// SpentMessages and SpentControls are how many messages, and control frames or empty ones, the client has sent of what Options let it send
	// at once.
	SpentMessages, SpentControls float64

	Queue []int // of what is sent: numbers of Messages, in order
	Taken int   // bytes that the kernel has taken of the frame of the first one
}

// Partial is a message of which more has to come.
type Partial struct {
	Opcode     Opcode // OpText or OpBinary
	Compressed bool
	Payload    []byte // what has come of it, unmasked, as the frames carry it
}

// State returns the state of a Conn that is frozen, and adds what it has queued to queued. The errors are ErrNotFrozen, and ErrClosing if the
// connection has been closed since Freeze, which Thaw then lets go on. What is sent or closed after State is not in it.
func (c *Conn) State(queued *Messages) (*State, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.paused == nil || !c.paused.hasBegun():
		return nil, ErrNotFrozen
	case c.ends():
		return nil, ErrClosing
	}
	s := &State{Deflate: c.deflate(), Window: c.before, SpentMessages: spent(c.check.messages), SpentControls: spent(c.check.empty)}
	if !c.since.IsZero() {
		s.Waited = max(0, c.paused.since.Sub(c.since))
	}
	s.Message = c.partial()
	s.Frame, s.Left = c.frameState()
	for _, m := range c.queue.all() {
		s.Queue = append(s.Queue, queued.number(m))
	}
	if c.rest != nil {
		s.Taken = len(c.frame(c.queue.head)) - len(c.rest)
	}
	return s, nil
}

// deflate returns what was agreed to.
func (c *Conn) deflate() Deflate {
	switch {
	case c.inWindow:
		return DeflateInWindow
	case c.check.deflate:
		return DeflateApart
	}
	return NoDeflate
}

// partial returns the message that is being read, or nil.
func (c *Conn) partial() *Partial {
	m := &c.message
	if m.conn == nil {
		return nil
	}
	p := &Partial{Opcode: OpBinary, Payload: m.data}
	if m.isText {
		p.Opcode = OpText
	}
	if m.inflater != nil {
		p.Compressed, p.Payload = true, m.inflater.packed.sent
	}
	return p
}
