package door

import (
	"bufio"
	"bytes"
	"net"
	"sync"

	"github.com/pires/go-proxyproto"

	"github.com/wsbridge/wsbridge/bridge/door/admission"
)

// proxyHeader is the header of the PROXY protocol, version 1 or 2, by which a proxy that does not speak HTTP tells for whom it has
// connected: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
type proxyHeader struct {
	once   sync.Once
	err    error
	source net.Addr // nil: the proxy speaks for itself
	rest   []byte   // what was read after the header
}

// proxyHeaderBuffer holds a header of version 1 (107 bytes), or of version 2 with some of what may follow its addresses.
const proxyHeaderBuffer = 256

// readHeader reads the header, once, and takes the slot for the client. It answers a client that there is no room for.
func (c *Conn) readHeader() error {
	h := c.header
	h.once.Do(func() {
		r := bufio.NewReaderSize(c.Conn, proxyHeaderBuffer)
		header, err := proxyproto.Read(r)
		if err != nil {
			h.err = err
			if r.Buffered() > 0 { // a proxy that checks whether the server is there sends nothing
				c.listener.cfg.Rejected(limitProxyProtocol, c.Conn.RemoteAddr().String())
			}
			return
		}
		rest, _ := r.Peek(r.Buffered())
		h.rest = bytes.Clone(rest)
		if header.Command.IsLocal() || header.SourceAddr == nil {
			return
		}
		h.source = header.SourceAddr
		if h.err = c.assign(admission.AddrPort(h.source.String()).Addr()); h.err != nil {
			c.listener.answer(c.Conn, c.listener.rejected(h.err, h.source.String()))
		}
	})
	return h.err
}

// read copies from rest, which is released when it is empty: it would be kept as long as the connection.
func (h *proxyHeader) read(p []byte) int {
	n := copy(p, h.rest)
	if h.rest = h.rest[n:]; len(h.rest) == 0 {
		h.rest = nil
	}
	return n
}
