package socket

import (
	"crypto/tls"
	"net"
	"testing"
)

// layer is a connection around another one.
type layer struct{ net.Conn }

func (l layer) NetConn() net.Conn { return l.Conn }

// It would fail in silence if messages were written by goroutines of their own only because the socket was not found.
func TestRawConnIsFoundBelowLayers(t *testing.T) {
	kernels := newPair(t, nil).conn
	for name, row := range map[string]struct {
		conn          net.Conn
		found, direct bool
	}{
		"socket":           {kernels, true, true},
		"layers":           {layer{layer{kernels}}, true, true},
		"TLS":              {tls.Server(layer{kernels}, nil), true, false},
		"TLS below layers": {layer{tls.Server(layer{kernels}, nil)}, true, false},
		"another one":      {struct{ net.Conn }{kernels}, false, false},
	} {
		if got := newRawConn(row.conn); (got.raw != nil) != row.found || got.direct != row.direct {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}
