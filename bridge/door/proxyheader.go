package door

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"

	"github.com/pires/go-proxyproto"

	"github.com/wsbridge/wsbridge/bridge/door/admission"
)

// proxyHeader is the header of the PROXY protocol, version 1 or 2, by which a proxy that does not speak HTTP tells for whom it has
// connected: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
type proxyHeader struct {
	once   sync.Once
	err    error
	source net.Addr // nil: the proxy speaks for itself, or for a client without an IP address
	secure bool     // the client's side is encrypted
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
	var raw bytes.Buffer
	r := bufio.NewReaderSize(io.TeeReader(c.Conn, &raw), proxyHeaderBuffer)
	header, err := readProxyHeader(r)
	if err == nil {
		err = c.header.take(header, raw.Bytes())
	}
	if err != nil {
		if raw.Len() > 0 {
			c.listener.cfg.Rejected(limitProxyProtocol, c.Conn.RemoteAddr().String())
		}
		return err
	}
	rest, _ := r.Peek(r.Buffered())
	c.header.rest = bytes.Clone(rest)
	return nil
}

// readProxyHeader reads a header. go-proxyproto refuses one of version 2 by which a proxy forwards a client of an address family that it does
// not name, as HAProxy does for some; a receiver may take it and use the connection's own address (section 2.2).
func readProxyHeader(r *bufio.Reader) (*proxyproto.Header, error) {
	if first, err := r.Peek(1); err != nil || first[0] != proxyproto.SIGV2[0] { // version 1 may be shorter
		return proxyproto.Read(r)
	}
	start, err := r.Peek(proxyFixed)
	unnamed := append(slices.Clone(proxyproto.SIGV2), byte(proxyproto.PROXY), byte(proxyproto.UNSPEC))
	if err != nil || !bytes.HasPrefix(start, unnamed) {
		return proxyproto.Read(r)
	}
	size := int(binary.BigEndian.Uint16(start[len(unnamed):]))
	if size > int(proxyproto.MaxV2HeaderSize) {
		return nil, proxyproto.ErrInvalidLength
	}
	if _, err := r.Discard(proxyFixed + size); err != nil {
		return nil, err
	}
	return &proxyproto.Header{Version: 2, Command: proxyproto.PROXY, TransportProtocol: proxyproto.UNSPEC}, nil
}

// take takes from a header what it says of the client. raw begins with its bytes. A local connection, such as a proxy's check, has no client,
// and whatever its header says does not count.
func (h *proxyHeader) take(header *proxyproto.Header, raw []byte) error {
	if header.Command.IsLocal() {
		return nil
	}
	if header.Version == 2 {
		fields, err := readProxyFields(raw)
		if err != nil {
			return err
		}
		h.secure = fields.secure
	}
	if !header.TransportProtocol.IsUnix() {
		h.source = header.SourceAddr
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
