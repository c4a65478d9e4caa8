package socket

import (
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"strings"
	"sync"
)

const (
	// window is how many bytes back compressed data can refer.
	window = 32 << 10
	// maxFinals bounds the final blocks in a message, since the decompressor has to be reset after each of them.
	maxFinals = 1000
	// inflateTail restores what the sender left out of a compressed message (RFC 7692, section 7.2.2). An empty final block follows, at
	// which the decompressor finds the end.
	inflateTail = syncTail + "\x01\x00\x00\xff\xff"
)

// inflater decompresses one message at a time.
type inflater struct {
	source *bufio.Reader // is read no further than the decompressor needs
	flate  io.ReadCloser
	packed packedReader
	before []byte // what the message may refer to, besides itself
	finals int
}

// packedReader reads a compressed message. A decompressor's state cannot be carried to another process, but what it was given can.
type packedReader struct {
	io.Reader
	message *incoming // that keeps what was read in sent, and is told how much that is; nil: it is not kept
	sent    []byte
}

// Read keeps what it reads.
func (p *packedReader) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if p.message == nil || n == 0 {
		return n, err
	}
	if len(p.sent)+n > cap(p.sent) {
		size := 2*cap(p.sent) + n
		if bad := p.message.hold(cap(p.message.data), size); bad != nil {
			return 0, bad
		}
		p.sent = append(make([]byte, 0, size), p.sent...)
	}
	p.sent = append(p.sent, b[:n]...)
	return n, err
}

// maxKept is the size in bytes up to which the memory for a compressed message is used again.
const maxKept = smallRead

// kept returns how many bytes of memory keep what was read. A nil inflater has none.
func (i *inflater) kept() int {
	if i == nil || i.packed.message == nil {
		return 0
	}
	return cap(i.packed.sent)
}

// keep is called before the message is read, if more of it has to come.
func (i *inflater) keep(m *incoming) { i.packed.message = m }

func newInflater(pool *sync.Pool, r io.Reader, before []byte) *inflater {
	i, ok := pool.Get().(*inflater)
	if !ok {
		i = &inflater{source: bufio.NewReader(nil)}
		i.flate = flate.NewReader(i.source)
	}
	i.before, i.finals = before, 0
	i.packed.Reader = r
	i.source.Reset(io.MultiReader(&i.packed, strings.NewReader(inflateTail)))
	_ = i.flate.(flate.Resetter).Reset(i.source, before) // never fails
	return i
}

// Read returns io.EOF after a final block, which need not be the message's end: it may have several, and the data that follow may
// refer to the data before (RFC 7692, section 7.2.1).
func (i *inflater) Read(p []byte) (int, error) {
	n, err := i.flate.Read(p)
	if _, bad := errors.AsType[flate.CorruptInputError](err); bad || errors.Is(err, io.ErrUnexpectedEOF) {
		err = wrong("compressed data are broken: %v", err)
	}
	return n, err
}

// next continues after a final block; out is everything that has been read. It reports false at the message's end. A final block there
// should be followed by an empty block, but senders leave that out, and receivers accept it.
func (i *inflater) next(out []byte) (bool, error) {
	switch rest, err := i.source.Peek(len(inflateTail) + 1); {
	case err == io.EOF && (len(rest) == 0 || string(rest) == inflateTail):
		return false, nil
	case err != nil && err != io.EOF:
		return false, err
	}
	if i.finals++; i.finals > maxFinals {
		return false, wrong("compressed data have over %d final blocks", maxFinals)
	}
	return true, i.flate.(flate.Resetter).Reset(i.source, keepWindow(bytes.Clone(i.before), out))
}

// keepWindow returns the last bytes of before and data that compressed data can refer to. It may use the memory of before.
func keepWindow(before, data []byte) []byte {
	if len(data) >= window {
		return append(before[:0], data[len(data)-window:]...)
	}
	if over := len(before) + len(data) - window; over > 0 {
		before = before[:copy(before, before[over:])]
	}
	return append(before, data...)
}

// release returns i to the pool, without references to the message.
func (i *inflater) release(pool *sync.Pool) {
	i.source.Reset(nil)
	i.before = nil
	if i.packed = (packedReader{sent: i.packed.sent[:0]}); cap(i.packed.sent) > maxKept {
		i.packed.sent = nil
	}
	pool.Put(i)
}
