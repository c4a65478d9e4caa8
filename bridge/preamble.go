package bridge

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"sync"

	"github.com/pires/go-proxyproto"

	"github.com/wsbridge/wsbridge/bridge/door/admission"
)

// preamble is the header of the PROXY protocol, version 1 or 2, by which a proxy that knows nothing of HTTP tells for whom it
// has connected: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
type preamble struct {
	once sync.Once
	err  error
	from net.Addr // nil: the proxy speaks for itself
	rest []byte   // what came behind it
}

var errNoPreamble = errors.New("no PROXY header from a trusted proxy")

// preambleBuffer holds a header of version 1 (107 bytes), or of version 2 with some of what may follow its addresses.
const preambleBuffer = 256

// announced reads the header, once, and gives the client the seat. Whoever gets none is answered here.
func (v *visitor) announced() error {
	p := v.preamble
	p.once.Do(func() {
		r := bufio.NewReaderSize(v.Conn, preambleBuffer)
		header, err := proxyproto.Read(r)
		if err != nil {
			p.err = v.unannounced(r, err)
			return
		}
		rest, _ := r.Peek(r.Buffered())
		p.rest = bytes.Clone(rest)
		if header.Command.IsLocal() || header.SourceAddr == nil {
			return
		}
		p.from = header.SourceAddr
		if p.err = v.take(admission.AddrPort(p.from.String()).Addr()); p.err != nil {
			v.bridge.doorman.turns(p.err, p.from.String())
			v.bridge.dismiss(v.Conn, p.err)
		}
	})
	return p.err
}

// unannounced counts what is no header. A connection that ends at once is a proxy that looks whether the server is there.
func (v *visitor) unannounced(r *bufio.Reader, err error) error {
	if r.Buffered() > 0 {
		v.bridge.doorman.turns(errNoPreamble, v.Conn.RemoteAddr().String())
	}
	return err
}
