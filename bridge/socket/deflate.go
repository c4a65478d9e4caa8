package socket

import (
	"bytes"
	"compress/flate"
	"sync"
)

// syncTail ends what a flush writes. Senders leave it away (RFC 7692, section 7.2.1).
const syncTail = "\x00\x00\xff\xff"

// deflate returns a server's frame with the payload compressed. The message refers to no message before it, since a compressor for
// each connection would need hundreds of kilobytes.
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
	w.Reset(nil) // the pool must not hold the message
	data := bytes.TrimSuffix(out.Bytes(), []byte(syncTail))
	return append(appendHeader(make([]byte, 0, maxHeader+len(data)), finBit|rsv1Bit|byte(op), len(data)), data...)
}
