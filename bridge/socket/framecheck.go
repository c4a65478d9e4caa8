package socket

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// Bits and lengths of a frame's header (RFC 6455, section 5.2).
const (
	finBit     = 0x80
	rsv1Bit    = 0x40
	rsvBits    = 0x70
	opcodeBits = 0x0f
	maskBit    = 0x80
	lengthBits = 0x7f
	in16       = 126 // what the length says if two bytes with it follow
	in64       = 127 // likewise eight
	keySize    = 4
	maxHeader  = 2 + 8 + keySize
	maxControl = 125 // of payload
)

// guard is a client's socket as gorilla reads it. It lets frames through up to the first that is against the RFC, which gorilla
// would answer before the client has what it is still owed, or not notice. There reading ends for good: with a violation,
// with the client's close frame as a websocket.CloseError, or with the socket's own error. What messages carry is not
// looked at.
type guard struct {
	net.Conn
	eager   eager
	limit   int64 // bytes of a message
	deflate bool  // RSV1 marks a compressed message (RFC 7692, section 6); it is taken away
	// How many messages may begin, and how many frames may come that bring nothing; nil: any number.
	messages, empty *rate.Limiter

	answer []byte // the handshake's, until greeting takes it
	holds  bool   // what is written is the answer

	err    error           // how reading has ended
	head   [maxHeader]byte // of the frame under way
	have   int             // bytes of it
	left   int64           // bytes of payload to come
	more   bool            // a message has begun, and this frame is not its last
	length int64           // of the message so far, as its frames announce it
	packed bool            // the message is compressed
	reason []byte          // payload of a close frame
	begun  []bool          // with deflate: packed, of the messages that compressed has not been asked for
}

// Read fails at the very byte that is wrong, and keeps it.
func (g *guard) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.Conn.Read(p)
	if good, verdict := g.check(p[:n]); verdict != nil {
		n, err = good, verdict
	}
	g.err = err
	return n, err
}

// check returns how many bytes of b may pass.
func (g *guard) check(b []byte) (good int, err error) {
	for good < len(b) {
		if n := int(min(g.left, int64(len(b)-good))); n > 0 && g.headed() {
			err = g.payload(b[good : good+n])
			good += n
		} else {
			err = g.header(b[good])
			if g.have == 1 {
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

// payload takes bytes of the frame under way. A close frame is judged with its last.
func (g *guard) payload(b []byte) error {
	g.left -= int64(len(b))
	if g.opcode() != websocket.CloseMessage {
		return nil
	}
	key := g.head[g.have-keySize : g.have]
	for _, c := range b {
		g.reason = append(g.reason, c^key[len(g.reason)%keySize])
	}
	if g.left > 0 {
		return nil
	}
	return closeFrameError(g.reason)
}

// header takes the next byte of a header, the first of a new one if the last frame is complete.
func (g *guard) header(b byte) error {
	if g.headed() {
		g.have = 0
	}
	g.head[g.have] = b
	g.have++
	if g.have == 1 {
		return g.kind()
	}
	if g.have == 2 {
		if err := g.shape(); err != nil {
			return err
		}
	}
	switch {
	case g.have == g.size()-keySize:
		return g.announced()
	case g.headed() && g.left == 0 && g.opcode() == websocket.CloseMessage:
		return closeFrameError(nil)
	}
	return nil
}

// headed reports whether the header is whole.
func (g *guard) headed() bool { return g.have >= 2 && g.have == g.size() }

func (g *guard) opcode() int { return int(g.head[0] & opcodeBits) }

func (g *guard) control() bool { return g.opcode() >= websocket.CloseMessage }

// size is the header's, known from its second byte.
func (g *guard) size() int {
	switch g.head[1] & lengthBits {
	case in16:
		return 2 + 2 + keySize
	case in64:
		return 2 + 8 + keySize
	}
	return 2 + keySize
}

// kind judges the first byte.
func (g *guard) kind() error {
	op, reserved, final := g.opcode(), g.head[0]&rsvBits, g.head[0]&finBit != 0
	begins := op == websocket.TextMessage || op == websocket.BinaryMessage
	switch {
	case reserved&^rsv1Bit != 0 || reserved != 0 && !(g.deflate && begins):
		return wrong("reserved bits %#02x", reserved)
	case op > websocket.PongMessage || op > websocket.BinaryMessage && op < websocket.CloseMessage:
		return wrong("opcode %d", op)
	case g.control() && !final:
		return wrong("fragmented control frame")
	case g.control():
		return nil
	case begins == g.more:
		return wrong("a message within a message, or the rest of none")
	}
	if begins {
		if !allows(g.messages) {
			return &violation{outcome.EndedFlood, "too many messages"}
		}
		g.packed, g.length = reserved != 0, 0
		if g.deflate {
			g.begun = append(g.begun, g.packed)
		}
	}
	g.more = !final
	return nil
}

// shape judges the second byte.
func (g *guard) shape() error {
	switch length := g.head[1] & lengthBits; {
	case g.head[1]&maskBit == 0:
		return wrong("frame without a mask")
	case g.control() && length > maxControl:
		return wrong("control frame over %d bytes", maxControl)
	case g.opcode() == websocket.CloseMessage && length == 1:
		return wrong("half a close code")
	}
	return nil
}

// announced judges the length, before any of it comes.
func (g *guard) announced() error {
	length, least := uint64(g.head[1]&lengthBits), uint64(0)
	switch length {
	case in16:
		length, least = uint64(binary.BigEndian.Uint16(g.head[2:])), in16
	case in64:
		length, least = binary.BigEndian.Uint64(g.head[2:]), math.MaxUint16+1
	}
	if length < least || length > math.MaxInt64 {
		return wrong("length is not in its shortest form, or negative")
	}
	if g.bringsNothing(length) && !allows(g.empty) {
		return &violation{outcome.EndedFlood, "too many control frames or empty ones"}
	}
	if !g.control() {
		if int64(length) > g.most()-g.length {
			return &violation{outcome.EndedTooBig, "message too big"}
		}
		g.length += int64(length)
	}
	g.left = int64(length)
	return nil
}

// bringsNothing reports whether the frame is none that an application waits for: neither bytes, nor the end of a message that has
// had some. A close frame is the last anyway.
func (g *guard) bringsNothing(length uint64) bool {
	if g.control() {
		return g.opcode() != websocket.CloseMessage
	}
	return length == 0 && (g.more || g.length == 0)
}

// compressed reports whether the next message is; reading may be ahead by what fits into the read buffer. It is asked once for
// each.
func (g *guard) compressed() bool {
	if !g.deflate {
		return false
	}
	packed := g.begun[0]
	g.begun = slices.Delete(g.begun, 0, 1)
	return packed
}

// most is what a message's frames may carry. Deflate makes nothing longer than by an eighth, if it is used at its very worst;
// what comes out of it is limited by who reads.
func (g *guard) most() int64 {
	if g.packed {
		return g.limit + g.limit/8 + maxControl
	}
	return g.limit
}

// NetConn returns the connection that is read.
func (g *guard) NetConn() net.Conn { return g.Conn }

// greeting returns the handshake's answer, which gorilla has written and the socket has not got. What is written from now on is
// passed to the socket.
func (g *guard) greeting() []byte {
	answer := g.answer
	g.answer, g.holds = nil, false
	return answer
}

// guardedWriter hands out the connection with the guard before it.
type guardedWriter struct {
	http.ResponseWriter
	guard *guard
}

// Hijack makes the connection the guard's. A client that has not waited for the handshake's answer (RFC 6455, section 4.1) gets
// another one; gorilla then closes the connection.
func (w guardedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.guard.Conn, w.guard.eager, w.guard.holds = conn, newEager(conn), true
	if err == nil && buffers.Reader.Buffered() > 0 {
		_ = conn.SetWriteDeadline(time.Now().Add(closeWait))
		_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	}
	return w.guard, buffers, err
}
