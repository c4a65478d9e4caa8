package socket

import (
	"net"
	"slices"

	"golang.org/x/time/rate"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// frameCheck is a client's socket as gorilla reads it. It passes frames on up to the first that breaks RFC 6455: gorilla would answer
// that one before the client has what it is still owed, or would not notice it. Reading then ends for good with a violation, with a
// websocket.CloseError for the client's close frame, or with the socket's own error. The payload of messages is not looked at.
type frameCheck struct {
	net.Conn
	limit   int64 // bytes of a message
	deflate bool  // RSV1 marks a compressed message (RFC 7692, section 6), and is cleared before gorilla sees it
	// messages limits how many messages begin, empty how many frames come that bring nothing. Nil: no limit.
	messages, empty *rate.Limiter

	answer []byte // the handshake's, which gorilla has written

	err     error  // how reading has ended
	head    header // of the current frame
	have    int    // bytes of head that have come
	left    int64  // bytes of payload still to come
	more    bool   // a message has begun, and the current frame is not its last
	length  int64  // of the message so far, as its frames announce it
	number  uint   // of the message
	packed  bool   // the message is compressed
	reason  []byte // payload of a close frame
	unasked []bool // with deflate: packed, of the messages that compressed has not been asked for yet
}

// Read fails at the exact byte that is wrong, and again at every later call.
func (f *frameCheck) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.Conn.Read(p)
	if good, verdict := f.check(p[:n]); verdict != nil {
		n, err = good, verdict
	}
	f.err = err
	return n, err
}

// Write keeps the handshake's answer. Gorilla writes nothing else: it meets no frame that it would answer itself.
func (f *frameCheck) Write(b []byte) (int, error) {
	f.answer = append(f.answer, b...)
	return len(b), nil
}

// check returns how many bytes of b may pass.
func (f *frameCheck) check(b []byte) (good int, err error) {
	for good < len(b) {
		if n := int(min(f.left, int64(len(b)-good))); n > 0 && f.headed() {
			err = f.payload(b[good : good+n])
			good += n
		} else {
			err = f.header(b[good])
			if f.have == 1 {
				b[good] &^= rsv1Bit
			}
			good++
		}
		if err != nil {
			return good - 1, err
		}
	}
	return good, nil
}

// payload takes payload bytes of the current frame. The last one completes a close frame, which is judged as a whole.
func (f *frameCheck) payload(b []byte) error {
	f.left -= int64(len(b))
	if f.head.opcode() != OpClose {
		return nil
	}
	key := f.head[f.have-keySize : f.have]
	for _, c := range b {
		f.reason = append(f.reason, c^key[len(f.reason)%keySize])
	}
	if f.left > 0 {
		return nil
	}
	return closeFrameError(f.reason)
}

// header takes the next byte of a header; after a complete frame it is the first of the next header.
func (f *frameCheck) header(b byte) error {
	if f.headed() {
		f.have = 0
	}
	f.head[f.have] = b
	f.have++
	if f.have == 1 {
		return f.checkFirst()
	}
	if f.have == 2 {
		if err := f.checkSecond(); err != nil {
			return err
		}
	}
	switch {
	case f.have == f.head.sizeToKey():
		return f.checkLength()
	case f.headed() && f.left == 0 && f.head.opcode() == OpClose:
		return closeFrameError(nil)
	}
	return nil
}

// headed reports whether the header is complete.
func (f *frameCheck) headed() bool { return f.have >= 2 && f.have == f.head.size() }

func (f *frameCheck) checkFirst() error {
	op, reserved := f.head.opcode(), f.head.reserved()
	switch {
	case reserved&^rsv1Bit != 0 || reserved != 0 && !(f.deflate && op.isData()):
		return wrong("reserved bits %#02x", reserved)
	case !op.isDefined():
		return wrong("opcode %d", op)
	case op.isControl() && !f.head.isFinal():
		return wrong("fragmented control frame")
	case op.isControl():
		return nil
	case op.isData() == f.more:
		return wrong("a message within a message, or the rest of none")
	}
	if op.isData() {
		if !allows(f.messages) {
			return &violation{outcome.EndedFlood, "too many messages"}
		}
		f.packed, f.length = reserved != 0, 0
		f.number++
		if f.deflate {
			f.unasked = append(f.unasked, f.packed)
		}
	}
	f.more = !f.head.isFinal()
	return nil
}

func (f *frameCheck) checkSecond() error {
	op, length := f.head.opcode(), f.head[1]&lengthBits
	switch {
	case !f.head.isMasked():
		return wrong("frame without a mask")
	case op.isControl() && length > maxControl:
		return wrong("control frame over %d bytes", maxControl)
	case op == OpClose && length == 1:
		return wrong("half a close code")
	}
	return nil
}

// checkLength judges the announced length before any of the payload comes.
func (f *frameCheck) checkLength() error {
	announced, isShortest := f.head.length()
	length := int64(announced)
	if !isShortest || length < 0 {
		return wrong("length is not in its shortest form, or negative")
	}
	if f.bringsNothing(length) && !allows(f.empty) {
		return &violation{outcome.EndedFlood, "too many control frames or empty ones"}
	}
	if !f.head.opcode().isControl() {
		if length > f.most()-f.length {
			return &violation{outcome.EndedTooBig, "message too big"}
		}
		f.length += length
	}
	f.left = length
	return nil
}

// bringsNothing reports whether no application waits for the frame: it carries no bytes, nor does it end a message that has some. A
// close frame does not count, since it is the last anyway.
func (f *frameCheck) bringsNothing(length int64) bool {
	if op := f.head.opcode(); op.isControl() {
		return op != OpClose
	}
	return length == 0 && (f.more || f.length == 0)
}

// compressed reports whether the next message is compressed. It is asked once for each message, since reading may be ahead by what
// fits into the read buffer.
func (f *frameCheck) compressed() bool {
	if !f.deflate {
		return false
	}
	packed := f.unasked[0]
	f.unasked = slices.Delete(f.unasked, 0, 1)
	return packed
}

// isWithinMessage reports whether more of a message has to come.
func (f *frameCheck) isWithinMessage() bool {
	return f.more || f.have > 0 && !f.head.opcode().isControl() && !f.isWhole()
}

// isWhole reports whether all of the current frame has come.
func (f *frameCheck) isWhole() bool { return f.headed() && f.left == 0 }

// most returns how many bytes a message's frames may carry. At its very worst deflate makes data longer by an eighth; the reader
// limits what comes out of it.
func (f *frameCheck) most() int64 {
	if f.packed {
		return f.limit + f.limit/8 + maxControl
	}
	return f.limit
}
