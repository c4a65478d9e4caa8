package socket

import (
	"crypto/tls"
	"net"
	"testing"
	"time"
)

func TestHungUpLooksBehindWhatIsUnread(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	theirs, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	ours, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	if _, err := theirs.Write([]byte("unread")); err != nil {
		t.Fatal(err)
	}
	if HungUp(ours) {
		t.Error("the other side is there")
	}
	theirs.Close()
	for deadline := time.Now().Add(20 * time.Second); !HungUp(ours); {
		if time.Now().After(deadline) {
			t.Fatal("the end is not noticed")
		}
	}
	ours.Close()
	if !HungUp(ours) {
		t.Error("a closed connection counts as open")
	}
}

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
