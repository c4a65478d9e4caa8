package bridge

import (
	"crypto/tls"
	"net"
	"net/http"
)

// secure makes l's connections TLS, if there is a configuration for that. The handshake comes with the first read, in the
// connection's own goroutine; net/http gives it HandshakeTimeout.
func (b *Bridge) secure(l net.Listener) net.Listener {
	if b.cfg().TLS == nil {
		return l
	}
	cfg := b.cfg().TLS.Clone()
	cfg.MinVersion = max(cfg.MinVersion, tls.VersionTLS12) // RFC 8996
	cfg.NextProtos = []string{"http/1.1"}                  // a connection of HTTP/2 cannot become a WebSocket of its own
	return tls.NewListener(l, cfg)
}

// showTLS lets r say that its connection is TLS where net/http does not see it: below a tap.
func showTLS(r *http.Request) {
	if t, ok := connOf[*tls.Conn](r); ok && r.TLS == nil {
		state := t.ConnectionState()
		r.TLS = &state
	}
}
