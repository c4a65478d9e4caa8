package door

import (
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door/admission"
	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// Config is what a Listener needs. Everything but TLS is required.
type Config struct {
	// Policy returns the policy in force. It is called for each connection and each request, so that a change holds at once.
	Policy  func() *Policy
	Limiter *Limiter
	// TLS is the configuration of all connections, from TLS 1.2 on, with HTTP/1.1 before its NextProtos; nil: they are plain.
	TLS *tls.Config
	// HandshakeTimeout is how long after its accept a connection may still send the header of its first request.
	HandshakeTimeout time.Duration
	MaxHeader        int // bytes of a request's line and fields; over it: 431
	// Rejected is called for each connection that is turned away, with one of LimitNames and the address. Refused is called for each
	// that is told so. Both may be called concurrently and must not block.
	Rejected func(limit, peer string)
	Refused  func(outcome.Refusal)
}

// Policy is which connections and requests may come in, besides the limits of their number. The zero value lets all in that come
// from pages of the host they ask for.
type Policy struct {
	Origins      admission.Origins // of pages, besides those of the host that was asked for; others: 403
	Hosts        admission.Hosts   // others: 421
	Paths        admission.Paths   // of handshakes; others: 404
	Subprotocols []string          // in order of preference
	// Proxies are believed what they say of their clients: by Forwarding in each request and, with ProxyProtocol, by the PROXY
	// header that each of their connections must begin with.
	Proxies       admission.Proxies
	Forwarding    admission.Forwarding
	ProxyProtocol bool
}

// Listener accepts connections while there is room for them, and turns the others away before anything is spent on them.
type Listener struct {
	net.Listener
	cfg   Config
	gate  pauseGate
	early atomic.Int64 // connections of which no request has come

	rejections sync.WaitGroup
	rejecting  chan struct{} // holds a value for each of rejections
}

// Listen returns a Listener over l. The caller closes it, which closes l, and then calls Wait.
func Listen(l net.Listener, cfg Config) *Listener {
	if cfg.TLS != nil {
		cfg.TLS = cfg.TLS.Clone()
		cfg.TLS.MinVersion = max(cfg.TLS.MinVersion, tls.VersionTLS12) // RFC 8996
		cfg.TLS.CipherSuites = cipherSuites()
		// A WebSocket needs a connection of its own, which HTTP/2 has not.
		cfg.TLS.NextProtos = append([]string{"http/1.1"}, cfg.TLS.NextProtos...)
	}
	return &Listener{Listener: l, cfg: cfg, rejecting: make(chan struct{}, maxRejections)}
}

// cipherSuites returns those of TLS 1.2 that are offered: Go's without those in CBC mode, which RFC 9325, section 4.2, does not recommend
// and which scanners report. Every client that could use one has a better one.
func cipherSuites() (ids []uint16) {
	for _, suite := range tls.CipherSuites() {
		if !strings.Contains(suite.Name, "_CBC_") {
			ids = append(ids, suite.ID)
		}
	}
	return ids
}

// Accept blocks until there is a connection that may come in, and returns it: a *Conn or, with TLS, a *tls.Conn over one. What
// takes time, the PROXY header and the TLS handshake, is left to the first read.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.acceptBelow()
		if err != nil {
			return nil, err
		}
		c, err := l.admit(accepted)
		switch {
		case err != nil:
			l.reject(accepted, err)
		case l.cfg.TLS == nil:
			return c, nil
		default:
			c.tls = tls.Server(c, l.cfg.TLS)
			return c.tls, nil
		}
	}
}

// admit takes a slot for a connection. A proxy's gets its address only when the proxy has said for whom it connects.
func (l *Listener) admit(accepted net.Conn) (*Conn, error) {
	now := time.Now()
	slot, err := l.cfg.Limiter.acquire()
	if err != nil {
		return nil, err
	}
	c := newConn(accepted, l, slot, now.Add(l.cfg.HandshakeTimeout))
	policy, peer := l.cfg.Policy(), admission.AddrPort(accepted.RemoteAddr().String()).Addr()
	switch {
	case !policy.Proxies.Trust(peer):
		if err := slot.assign(peer, now); err != nil {
			slot.release()
			return nil, err
		}
	case policy.ProxyProtocol:
		c.header = new(proxyHeader)
	}
	return c, nil
}

// Wait blocks until the connections that were turned away are closed, which takes rejectTimeout at most. It is called after the
// last Accept.
func (l *Listener) Wait() { l.rejections.Wait() }
