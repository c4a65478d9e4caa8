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

// Compressor compresses messages that refer to those before.
type Compressor struct {
	out   bytes.Buffer
	flate *flate.Writer
}

// NewCompressor returns a Compressor for the messages of one connection.
func NewCompressor() *Compressor {
	c := &Compressor{}
	c.flate, _ = flate.NewWriter(&c.out, flate.DefaultCompression) // the level is known
	return c
}

// Compressed is f, the next message, as permessage-deflate has it.
func (c *Compressor) Compressed(f Frame) Frame {
	c.out.Reset()
	_, _ = io.WriteString(c.flate, f.Payload) // a buffer takes all
	_ = c.flate.Flush()
	f.Payload = strings.TrimSuffix(c.out.String(), tail)
	return f.Reserved(RSV1)
}

// Compressed is f as permessage-deflate has it, apart from all other messages.
func Compressed(f Frame) Frame { return NewCompressor().Compressed(f) }

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
