package harness

import (
	"bytes"
	"compress/flate"
	"io"
	"strings"
)

// What a client offers to compress (RFC 7692), what the server agrees to, and the configuration that has it do so.
const (
	Compression = "server.compression = true\n"
	Offer       = "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; client_max_window_bits"
	Agreement   = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	RSV1        = 4

	tail = "\x00\x00\xff\xff" // left away of each message
)

// Compressed is f as permessage-deflate has it.
func Compressed(f Frame) Frame {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.DefaultCompression) // the level is known
	_, _ = io.WriteString(w, f.Payload)                   // a buffer takes all
	_ = w.Flush()
	f.Payload = strings.TrimSuffix(b.String(), tail)
	return f.Reserved(RSV1)
}

// Inflated is the next message, decompressed if it is compressed.
func (p *Peer) Inflated() Frame {
	p.T.Helper()
	f := p.Next()
	if f.RSV != RSV1 {
		return f
	}
	if p.Extensions == "" {
		p.T.Fatalf("got %v, and compression was not agreed to", f)
	}
	const end = "\x01\x00\x00\xff\xff"
	payload, err := io.ReadAll(flate.NewReader(strings.NewReader(f.Payload + tail + end)))
	if err != nil {
		p.T.Fatalf("decompress %v: %v", f, err)
	}
	return Frame{Op: f.Op, Payload: string(payload)}
}
