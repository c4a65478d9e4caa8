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

// Identify blocks until the client's address is known: with the PROXY protocol, until the proxy's header has been read. An error is
// final: the header is bad, or there is no room for the client, which has been answered.
func (c *Conn) Identify() error {
	h := c.header
	if h == nil {
		return nil
	}
	h.once.Do(func() {
		if h.err = c.readHeader(); h.err != nil || h.source == nil {
			return
		}
		if h.err = c.assign(admission.AddrPort(h.source.String()).Addr()); h.err != nil {
			c.listener.answer(c.Conn, c.listener.rejected(h.err, h.source.String()))
		}
	})
	return h.err
}

// readHeader counts a connection that begins with other bytes. A proxy that only checks whether the server is there sends none.
func (c *Conn) readHeader() error {
	r := bufio.NewReaderSize(c.Conn, proxyHeaderBuffer)
	header, err := proxyproto.Read(r)
	if err != nil {
		if r.Buffered() > 0 {
			c.listener.cfg.Rejected(limitProxyProtocol, c.Conn.RemoteAddr().String())
		}
		return err
	}
	rest, _ := r.Peek(r.Buffered())
	c.header.rest = bytes.Clone(rest)
	if !header.Command.IsLocal() {
		c.header.source = header.SourceAddr
	}
	return nil
}

// read copies from rest, which is released when it is empty: it would be kept as long as the connection.
func (h *proxyHeader) read(p []byte) int {
	n := copy(p, h.rest)
	if h.rest = h.rest[n:]; len(h.rest) == 0 {
		h.rest = nil
	}
	return n
}
