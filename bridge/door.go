package bridge

import (
	"net"
	"net/netip"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door/admission"
)

// door makes l's connections visitors, and turns away those that there is no room for before anything is spent on them.
func (b *Bridge) door(l net.Listener) net.Listener { return &doorway{l, b} }

type doorway struct {
	net.Listener
	bridge *Bridge
}

func (d *doorway) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		v, err := d.bridge.letIn(conn, time.Now())
		if err == nil {
			return v, nil
		}
		d.bridge.turnAway(conn, err)
	}
}

// letIn gives a connection its seat. Whom a proxy's connection is for is not known yet.
func (b *Bridge) letIn(conn net.Conn, now time.Time) (*visitor, error) {
	seat, err := b.limiter.Enter()
	if err != nil {
		return nil, err
	}
	v := &visitor{Conn: conn, bridge: b, seat: seat, until: now.Add(b.cfg().HandshakeTimeout)}
	peer := admission.AddrPort(conn.RemoteAddr().String()).Addr()
	switch {
	case !b.cfg().Proxies.Trust(peer):
		if err := seat.Take(peer, now); err != nil {
			seat.Leave()
			return nil, err
		}
	case b.cfg().ProxyProtocol:
		v.preamble = new(preamble)
	}
	_ = conn.SetReadDeadline(v.until) // it fails only on a connection that has ended, as its first read will
	return v, nil
}

// take gives the seat to the client at addr. Trusted proxies are not counted: they come for many.
func (v *visitor) take(addr netip.Addr) error {
	if v.bridge.cfg().Proxies.Trust(addr) {
		addr = netip.Addr{}
	}
	return v.seat.Take(addr, time.Now())
}

// visitor is a connection, from its socket's accept on. One goroutine reads at a time.
type visitor struct {
	net.Conn
	bridge   *Bridge
	seat     *admission.Seat
	until    time.Time // nothing is read after it, whatever deadline is set; zero once a request's header is read
	preamble *preamble // nil: there is none
}

// NetConn returns the connection that is read.
func (v *visitor) NetConn() net.Conn { return v.Conn }

// Read blocks until the proxy's header is read, if there is to be one.
func (v *visitor) Read(p []byte) (int, error) {
	if v.preamble == nil {
		return v.Conn.Read(p)
	}
	if err := v.announced(); err != nil {
		return 0, err
	}
	if rest := v.preamble.rest; len(rest) > 0 {
		n := copy(p, rest)
		if v.preamble.rest = rest[n:]; n == len(rest) {
			v.preamble.rest = nil // it would be kept as long as the connection
		}
		return n, nil
	}
	return v.Conn.Read(p)
}

// RemoteAddr returns the client's address. It blocks as Read does.
func (v *visitor) RemoteAddr() net.Addr {
	if v.preamble != nil && v.announced() == nil && v.preamble.from != nil {
		return v.preamble.from
	}
	return v.Conn.RemoteAddr()
}

// SetReadDeadline sets no later deadline than the handshake's: net/http counts each of its own from a beginning of its own.
func (v *visitor) SetReadDeadline(t time.Time) error {
	if !v.until.IsZero() && (t.IsZero() || t.After(v.until)) {
		t = v.until
	}
	return v.Conn.SetReadDeadline(t)
}

// SetDeadline sets both deadlines.
func (v *visitor) SetDeadline(t time.Time) error {
	if err := v.SetReadDeadline(t); err != nil {
		return err
	}
	return v.SetWriteDeadline(t)
}

// CloseWrite ends what is written.
func (v *visitor) CloseWrite() error { return closeWrite(v.Conn) }

// Close also gives the seat back.
func (v *visitor) Close() error {
	v.seat.Leave()
	return v.Conn.Close()
}
