package bridge

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/door/admission"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// secured is served with TLS.
type secured struct {
	*served
	trust *tls.Config
}

func serveTLS(t *testing.T, a PHP, change func(*Config)) *secured {
	t.Helper()
	server, client := certified(t)
	return &secured{serveApplication(t, a, func(c *Config) {
		if c.TLS = server; change != nil {
			change(c)
		}
	}), client}
}

// certified returns a server's configuration, with a certificate for 127.0.0.1 that nobody has signed, and a client's.
func certified(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: roots}
}

func (s *secured) connect() *websocket.Conn {
	s.t.Helper()
	conn, _, err := (&websocket.Dialer{TLSClientConfig: s.trust}).Dial("wss://"+s.address, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	return conn
}

// Read events hide TLS from net/http, not from PHP.
func TestPHPLearnsOfTLS(t *testing.T) {
	for name, kinds := range map[string]map[protocol.Kind]handler{"plain": {}, "read events": {protocol.Read: nil, protocol.Connect: nil}} {
		t.Run(name, func(t *testing.T) {
			a := &learner{standin: &standin{handlers: kinds}}
			s := serveTLS(t, a, nil)
			conn := s.connect()
			answered(t, conn)
			a.mu.Lock()
			defer a.mu.Unlock()
			if a.state == nil || a.state.Version != tls.VersionTLS13 || a.state.NegotiatedProtocol != "" {
				t.Errorf("got %+v", a.state)
			}
		})
	}
}

// learner keeps the TLS of the last handshake.
type learner struct {
	*standin
	state *tls.ConnectionState
}

func (l *learner) Environment(r *http.Request, _ string) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = r.TLS
	return nil, nil
}

func TestTLSIsHeldToItsVersionsAndToHTTP1(t *testing.T) {
	s := serveTLS(t, &standin{}, nil)
	for name, change := range map[string]func(*tls.Config){
		"TLS 1.1": func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
		"HTTP/2":  func(c *tls.Config) { c.NextProtos = []string{"h2"} },
	} {
		cfg := s.trust.Clone()
		change(cfg)
		if conn, err := tls.Dial("tcp", s.address, cfg); err == nil {
			conn.Close()
			t.Errorf("%s was accepted", name)
		}
	}
	cfg := s.trust.Clone()
	cfg.NextProtos = []string{"h2", "http/1.1"}
	conn, err := tls.Dial("tcp", s.address, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := conn.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
		t.Errorf("agreed to %q", got)
	}
}

// A client that says nothing, or half a hello, holds its connection no longer than a slow header would.
func TestSlowTLSHandshakeIsBounded(t *testing.T) {
	for name, kinds := range map[string]map[protocol.Kind]handler{"plain": {}, "read events": {protocol.Read: nil}} {
		for _, said := range []string{"", "\x16\x03\x01\x02\x00\x01\x00"} {
			t.Run(fmt.Sprintf("%s, %d bytes", name, len(said)), func(t *testing.T) {
				t.Parallel()
				s := serveTLS(t, &standin{handlers: kinds}, func(c *Config) { c.HandshakeTimeout = 200 * time.Millisecond })
				conn := s.dial() // with a deadline
				fmt.Fprint(conn, said)
				if _, err := io.Copy(io.Discard, conn); errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
					t.Errorf("the connection stays open: %v", err)
				}
			})
		}
	}
}

func isTimeout(err error) bool {
	network, ok := errors.AsType[net.Error](err)
	return ok && network.Timeout()
}

// Through TLS, too, a hang-up is seen while the client's queue is full and its handler runs.
func TestFullQueueHidesNoHangupOfTLS(t *testing.T) {
	proceed := make(chan struct{})
	a := blocked(proceed)
	s := serveTLS(t, a, func(c *Config) { c.EventQueue = 2 })
	conn := s.connect()
	c := s.clients.get(1)
	for i := range 4 { // one runs, two wait, one is not read to its end
		say(t, conn, fmt.Sprint(i))
	}
	eventually(t, "the queue is full", func() bool { return c.events.Len() == 2 })
	conn.Close()
	eventually(t, "the hang-up is noticed", s.present.isUnreachable(c.key))
	if a.count("text 1 begins") != 1 {
		t.Errorf("got %q", a.lines())
	}
	close(proceed)
	eventually(t, "the client has left", c.gone)
	if got := a.count("text 1 ends"); got != 4 {
		t.Errorf("%d of 4 texts were events", got)
	}
}

// A client that goes on sending sees the close frame and then the end that TLS has for this, not a broken connection.
func TestLingeringEndsTLSCleanly(t *testing.T) {
	for name, kinds := range map[string]map[protocol.Kind]handler{"plain": {}, "read events": {protocol.Read: nil}} {
		t.Run(name, func(t *testing.T) {
			s := serveTLS(t, &standin{handlers: kinds}, nil)
			conn := s.connect()
			raw := conn.NetConn()
			var sending sync.WaitGroup
			sending.Go(func() {
				raw.Write([]byte("\x83\x80\x00\x00\x00\x00")) // an opcode that there is not
				for range 100 {
					if _, err := raw.Write(bytes.Repeat([]byte("more"), 1000)); err != nil {
						return
					}
				}
			})
			raw.SetReadDeadline(time.Now().Add(patience))
			got, err := io.ReadAll(raw)
			if err != nil || !strings.HasPrefix(string(got), "\x88\x10\x03\xeaprotocol error") {
				t.Errorf("got %q, %v", got, err)
			}
			raw.Close()
			sending.Wait()
			eventually(t, "the connection is over", func() bool { return len(s.clients.connected()) == 0 })
		})
	}
}

// After a write that the client has not taken, TLS would wait five more seconds to say goodbye.
func TestClientThatIsGivenUpIsNotSaidGoodbyeTo(t *testing.T) {
	const size, goodbye = 16 << 20, 5 * time.Second
	seen := &endings{}
	s := serveTLS(t, &standin{}, func(c *Config) { c.Observer, c.WriteTimeout = seen, 100*time.Millisecond })
	s.connect()
	s.send(s.open(1)[0], size)
	eventually(t, "the client has left", seen.are(outcome.EndedSlow))
	began := time.Now()
	eventually(t, "its connection is closed", func() bool { return len(s.clients.connected()) == 0 })
	if took := time.Since(began); took > goodbye-time.Second {
		t.Errorf("closing took %v", took)
	}
}

// The PROXY header comes before TLS, and what ws_server_read sees after it.
func TestTLSAfterAPROXYHeader(t *testing.T) {
	for name, kinds := range map[string]map[protocol.Kind]handler{"plain": {}, "read events": {protocol.Read: nil}} {
		t.Run(name, func(t *testing.T) {
			proxies, err := admission.ParseProxies([]string{"127.0.0.1"})
			if err != nil {
				t.Fatal(err)
			}
			s := serveTLS(t, &standin{handlers: kinds}, func(c *Config) { c.Proxies, c.ProxyProtocol = proxies, true })
			conn := s.dial()
			fmt.Fprint(conn, "PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n")
			cfg := s.trust.Clone()
			cfg.ServerName = "127.0.0.1"
			secure := tls.Client(conn, cfg)
			fmt.Fprint(secure, upgrade)
			res, err := http.ReadResponse(bufio.NewReader(secure), nil)
			if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("got %v, %v", res, err)
			}
			if peer := s.clients.get(1).peer; peer != "192.0.2.7:4711" {
				t.Errorf("the client is at %s", peer)
			}
		})
	}
}

// There is no TLS yet in which to say why: an answer in plain text would look like a fault of the server.
func TestRejectedTLSConnectionIsOnlyClosed(t *testing.T) {
	s := serveTLS(t, &standin{}, func(c *Config) { c.Limits.Connections = 1 })
	s.connect()
	got, err := io.ReadAll(s.dial())
	if len(got) > 0 || isTimeout(err) {
		t.Errorf("got %q, %v", got, err)
	}
}

// TLS says goodbye before it closes a connection, and waits until that is taken; a drain has no time for it.
func TestDrainIsBoundedWhenTLSClientsDoNotRead(t *testing.T) {
	const size = 16 << 20
	s := serveTLS(t, &standin{handlers: map[protocol.Kind]handler{protocol.Text: nil}},
		func(c *Config) { c.DrainTimeout, c.WriteTimeout = 300*time.Millisecond, 10*time.Second })
	for range 4 {
		s.connect()
	}
	for _, c := range s.open(4) {
		s.send(c, size)
	}
	if took := s.drained(); took > 10*time.Second {
		t.Errorf("the drain took %v", took)
	}
}

func TestPlainHTTPOnATLSPortIsTold(t *testing.T) {
	s := serveTLS(t, &standin{}, nil)
	conn := s.dial()
	fmt.Fprint(conn, upgrade)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != http.StatusBadRequest {
		t.Errorf("got %v, %v", res, err)
	}
}
