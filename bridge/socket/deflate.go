package socket

import (
	"bytes"
	"compress/flate"
	"sync"
)

// syncTail is the end of what a flush writes. Senders leave it out (RFC 7692, section 7.2.1).
const syncTail = "\x00\x00\xff\xff"

// deflate returns a server's frame with the payload compressed. It does not refer to earlier messages: that would take a compressor per
// connection, which needs hundreds of kilobytes.
func deflate(pool *sync.Pool, op Opcode, payload []byte) []byte {
	w, ok := pool.Get().(*flate.Writer)
	if !ok {
		w, _ = flate.NewWriter(nil, flate.BestSpeed) // fails only for a level that does not exist
	}
	defer pool.Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	_, _ = w.Write(payload) // into memory: it cannot fail
	_ = w.Flush()
	w.Reset(nil) // the pool keeps no reference to the message
	data := bytes.TrimSuffix(out.Bytes(), []byte(syncTail))
	return append(appendHeader(make([]byte, 0, maxHeader+len(data)), finBit|rsv1Bit|byte(op), len(data)), data...)
}
