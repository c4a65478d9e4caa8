package bridge

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/wsbridge/wsbridge/bridge/socket"
)

// What changes of clients is written while they are held, so that it has a form of its own, which takes a tenth of the time of encoding/gob: for each
// client flags, and then the fields, in the order of appendClient. Numbers are varints, times nanoseconds since 1970, and slices come after their lengths.
const (
	flagAdopted byte = 1 << iota
	flagOwed
	flagPassed // Passed is not nil, and so on
	flagMessage
	flagCompressed
	flagMoving // its socket has more than its agreement: fields of socket.State follow
)

// leastClient is the size of the smallest client, in bytes.
const leastClient = 28

var errCutOff = errors.New("is cut off")

// appendClients appends all clients, apart from their fixed parts.
func appendClients(b []byte, all []ClientState) []byte {
	const usual = 96 // bytes
	b = binary.AppendUvarint(append(make([]byte, 0, len(b)+usual*len(all)), b...), uint64(len(all)))
	for i := range all {
		b = appendClient(b, &all[i])
	}
	return b
}

func appendClient(b []byte, c *ClientState) []byte {
	s, m := c.Socket, c.Socket.Message
	flags := flag(flagAdopted, c.Adopted) | flag(flagOwed, c.Owed) | flag(flagPassed, c.Passed != nil) | flag(flagMessage, m != nil) |
		flag(flagCompressed, m != nil && m.Compressed) | flag(flagMoving, isMoving(s))
	b = binary.AppendVarint(append(b, flags), c.Key)
	for _, t := range []time.Time{c.Last, c.NextPing, c.Idle, c.Asked, c.SilentBy} {
		b = appendTime(b, t)
	}
	for _, n := range []uint64{c.Messages.Received, c.Messages.Sent, c.Messages.ReceivedBytes, c.Messages.SentBytes} {
		b = binary.AppendUvarint(b, n)
	}
	if c.Passed != nil {
		b = appendBytes(b, c.Passed)
	}
	b = append(b, byte(s.Deflate))
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(s.SpentMessages))
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(s.SpentControls))
	if m != nil {
		b = appendBytes(append(b, byte(m.Opcode)), m.Payload)
	}
	if flags&flagMoving == 0 {
		return b
	}
	b = appendBytes(appendBytes(b, s.Window), s.Frame)
	for _, n := range []int64{s.Left, int64(s.Waited), int64(s.Taken), int64(len(s.Queue))} {
		b = binary.AppendVarint(b, n)
	}
	for _, n := range s.Queue {
		b = binary.AppendVarint(b, int64(n))
	}
	return b
}

func flag(f byte, isSet bool) byte {
	if isSet {
		return f
	}
	return 0
}

func isMoving(s *socket.State) bool {
	return len(s.Window) > 0 || len(s.Frame) > 0 || s.Left != 0 || s.Waited != 0 || s.Taken != 0 || len(s.Queue) > 0
}

func appendBytes(b, data []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(data))), data...)
}

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return binary.AppendVarint(b, 0)
	}
	return binary.AppendVarint(b, t.UnixNano())
}

// readClients reads what appendClients has written. What it returns shares b.
func readClients(b []byte) ([]ClientState, error) {
	r := &stateReader{rest: b}
	n := r.length()
	if n > len(r.rest)/leastClient {
		r.fail(errCutOff)
	}
	if r.err != nil {
		return nil, r.err
	}
	all := make([]ClientState, n)
	sockets := make([]socket.State, n)
	for i := range all {
		all[i].Socket = &sockets[i]
		if r.client(&all[i]); r.err != nil {
			return nil, fmt.Errorf("client %d of %d: %w", i+1, n, r.err)
		}
	}
	if len(r.rest) > 0 {
		return nil, fmt.Errorf("%d bytes after %d clients", len(r.rest), n)
	}
	return all, nil
}

// stateReader reads until err.
type stateReader struct {
	rest []byte
	err  error
}

func (r *stateReader) client(c *ClientState) {
	s, flags := c.Socket, r.byte()
	if flags >= 2*flagMoving || flags&flagCompressed != 0 && flags&flagMessage == 0 {
		r.fail(fmt.Errorf("unknown flags %b", flags))
	}
	c.Adopted, c.Owed, c.Key = flags&flagAdopted != 0, flags&flagOwed != 0, r.varint()
	for _, t := range []*time.Time{&c.Last, &c.NextPing, &c.Idle, &c.Asked, &c.SilentBy} {
		*t = r.time()
	}
	for _, n := range []*uint64{&c.Messages.Received, &c.Messages.Sent, &c.Messages.ReceivedBytes, &c.Messages.SentBytes} {
		*n = r.uvarint()
	}
	if flags&flagPassed != 0 {
		c.Passed = r.bytes()
	}
	s.Deflate = socket.Deflate(r.byte())
	s.SpentMessages, s.SpentControls = r.float(), r.float()
	if flags&flagMessage != 0 {
		s.Message = &socket.Partial{Opcode: socket.Opcode(r.byte()), Compressed: flags&flagCompressed != 0, Payload: r.bytes()}
	}
	if flags&flagMoving == 0 {
		return
	}
	s.Window, s.Frame = r.bytes(), r.bytes()
	s.Left, s.Waited, s.Taken = r.varint(), time.Duration(r.varint()), r.int()
	n := r.varint()
	if n < 0 || n > int64(len(r.rest)) {
		r.fail(errCutOff)
	}
	for ; n > 0 && r.err == nil; n-- {
		s.Queue = append(s.Queue, r.int())
	}
}

func (r *stateReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = nil
}

func (r *stateReader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

// take returns the next n bytes, or nil if there are fewer.
func (r *stateReader) take(n int) []byte {
	if len(r.rest) < n {
		r.fail(errCutOff)
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// length reads how many of something follow, each of which takes a byte at least.
func (r *stateReader) length() int {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.fail(errCutOff)
		return 0
	}
	return int(n)
}

// bytes returns nil for none.
func (r *stateReader) bytes() []byte {
	if n := r.length(); n > 0 {
		return r.take(n)
	}
	return nil
}

func (r *stateReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail(errCutOff)
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *stateReader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.fail(errCutOff)
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *stateReader) int() int {
	v := r.varint()
	if v < math.MinInt32 || v > math.MaxInt32 {
		r.fail(fmt.Errorf("a number is %d", v))
		return 0
	}
	return int(v)
}

func (r *stateReader) float() float64 {
	if b := r.take(8); b != nil {
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	return 0
}

func (r *stateReader) time() time.Time {
	if v := r.varint(); v != 0 {
		return time.Unix(0, v)
	}
	return time.Time{}
}
