package socket

import (
	"bufio"
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
	finals int
}

func newInflater(pool *sync.Pool, r io.Reader) *inflater {
	i, ok := pool.Get().(*inflater)
	if !ok {
		i = &inflater{source: bufio.NewReader(nil)}
		i.flate = flate.NewReader(i.source)
	}
	i.finals = 0
	i.source.Reset(io.MultiReader(r, strings.NewReader(inflateTail)))
	_ = i.flate.(flate.Resetter).Reset(i.source, nil) // never fails
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
	return true, i.flate.(flate.Resetter).Reset(i.source, out[max(0, len(out)-window):])
}

// release returns i to the pool, without references to the message.
func (i *inflater) release(pool *sync.Pool) {
	i.source.Reset(nil)
	pool.Put(i)
}
