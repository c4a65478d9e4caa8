package socket

import (
	"bufio"
	"compress/flate"
	"errors"
	"io"
	"strings"
	"sync"
)

// window is how far back compressed data can refer.
const window = 32 << 10

// maxFinals bounds the final blocks within a message: behind each, the decompressor has to be set up anew.
const maxFinals = 1000

// inflateTail is what a sender leaves away of a compressed message (RFC 7692, section 7.2.2), and an empty final block, with
// which the decompressor finds an end.
const inflateTail = "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff"

// inflater decompresses one message after the other.
type inflater struct {
	source *bufio.Reader // read no further than the decompressor has come
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

// Read returns io.EOF behind a final block, which need not be the end: a message may have several, and the data that follow
// refer to those before (RFC 7692, section 7.2.1).
func (i *inflater) Read(p []byte) (int, error) {
	n, err := i.flate.Read(p)
	if _, bad := errors.AsType[flate.CorruptInputError](err); bad || errors.Is(err, io.ErrUnexpectedEOF) {
		err = wrong("compressed data are broken: %v", err)
	}
	return n, err
}

// next goes on behind a final block; out is all that has been read. It reports false at the message's end, which may be a final
// block without the empty one that should follow it: senders leave that away, and receivers have never missed it.
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

// release gives i back; it holds on to nothing of the message.
func (i *inflater) release(pool *sync.Pool) {
	i.source.Reset(nil)
	pool.Put(i)
}
