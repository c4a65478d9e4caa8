package tests

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// certificate is one for this machine, in PEM, that nobody but itself has signed.
type certificate struct{ cert, key string }

func newCertificate(t *testing.T, name string) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return certificate{block("CERTIFICATE", der), block("PRIVATE KEY", bare)}
}

// trust returns what a client needs that believes in some certificates.
func trust(certificates ...certificate) *tls.Config {
	roots := x509.NewCertPool()
	for _, c := range certificates {
		roots.AppendCertsFromPEM([]byte(c.cert))
	}
	return &tls.Config{RootCAs: roots}
}

// install puts a certificate where serveTLS's configuration has it.
func (s *server) install(c certificate) {
	s.t.Helper()
	s.write("cert.pem", c.cert)
	s.write("key.pem", c.key)
}

// tlsFiles is the configuration for that.
const tlsFiles = "[server]\ntls_cert = \"cert.pem\"\ntls_key = \"key.pem\"\n"

func serveTLS(t *testing.T, a app, c certificate) *server {
	t.Helper()
	a.toml = tlsFiles + a.toml
	s := prepare(t, a)
	s.install(c)
	s.trust = trust(c)
	s.run(a)
	return s
}

// served returns the name in the certificate that new connections get.
func (s *server) served() string {
	s.t.Helper()
	conn, err := tls.Dial("tcp", s.address, s.trust)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

const tellServer = `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,isset($_SERVER[$msg])?$_SERVER[$msg]:"-"); }`

func TestTLSReachesPHP(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]string{"plain": "", "read": "\nfunction ws_server_read(&$connections,&$connection,$client_key,$data) { return \"\"; }"} {
		t.Run(name, func(t *testing.T) {
			s := serveTLS(t, app{handlers: tellServer + more}, newCertificate(t, "x"))
			c := s.connect()
			for name, want := range map[string]string{"HTTPS": "on", "REQUEST_SCHEME": "https", "SSL_PROTOCOL": "TLSv1.3", "SSL_TLS_SNI": "-"} {
				if got := c.ask(name); got != want {
					t.Errorf("%s: got %q", name, got)
				}
			}
			if got := c.ask("SSL_CIPHER"); !strings.HasPrefix(got, "TLS_") {
				t.Errorf("SSL_CIPHER: got %q", got)
			}
			c.leave()
		})
	}
}

// A client stays through all of it, and a pair that is none changes nothing.
func TestCertificateIsReloaded(t *testing.T) {
	t.Parallel()
	first, second, third := newCertificate(t, "first"), newCertificate(t, "second"), newCertificate(t, "third")
	s := serveTLS(t, app{handlers: tellServer}, first)
	s.trust = trust(first, second, third)
	c := s.connect()
	if got := s.served(); got != "first" {
		t.Errorf("got %s", got)
	}
	s.install(second)
	s.signal(syscall.SIGHUP)
	s.log.wait("configuration reloaded")
	if got := s.served(); got != "second" {
		t.Errorf("after SIGHUP: got %s", got)
	}
	s.write("key.pem", first.key)
	s.signal(syscall.SIGHUP)
	s.log.wait("not reloaded: what was in force stays", "does not match")
	if got := s.served(); got != "second" {
		t.Errorf("after a bad pair: got %s", got)
	}
	s.install(third)
	eventually(t, "the changed files are in force", func() bool { return s.served() == "third" })
	if got := c.ask("HTTPS"); got != "on" {
		t.Errorf("got %q", got)
	}
}

func TestBadCertificateIsWrongConfiguration(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		spoil func(s *server)
		want  []string
	}{
		"no key": {func(s *server) { s.write("cert.pem", newCertificate(t, "x").cert) }, []string{"server.tls_key", "key.pem", "no such file"}},
		"not each other's": {func(s *server) {
			s.write("cert.pem", newCertificate(t, "x").cert)
			s.write("key.pem", newCertificate(t, "y").key)
		},
			[]string{"server.tls_cert", "cert.pem", "does not match"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := app{toml: tlsFiles, handlers: echo}
			s := prepare(t, a)
			row.spoil(s)
			s.start(s.arguments(a)...)
			if status := s.wait(); status != 2 {
				t.Errorf("exit status %d", status)
			}
			s.wantError(row.want...)
		})
	}
}

func TestWSSInABrowser(t *testing.T) {
	s := serveTLS(t, app{handlers: tellServer, toml: "require_cookie = false\n"}, newCertificate(t, "x"))
	tab := browser(t, chromedp.IgnoreCertErrors)("https://" + s.address + "/") // a refusal, and a page of the same origin
	script := fmt.Sprintf(`new Promise(done => {
		const ws = new WebSocket("wss://%s/");
		let got = "";
		ws.onopen = () => ws.send("HTTPS");
		ws.onmessage = e => { got = e.data; ws.close(4001, "enough"); };
		ws.onclose = e => done(got + " " + e.code + " " + e.wasClean);
	})`, s.address)
	var got string
	awaited := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	if err := chromedp.Run(tab.ctx, chromedp.Evaluate(script, &got, awaited)); err != nil || got != "on 4001 true" {
		t.Errorf("got %q, %v", got, err)
	}
}
