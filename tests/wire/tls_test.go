package wire

import (
	"crypto/tls"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/wsbridge/wsbridge/tests/harness"
	"github.com/wsbridge/wsbridge/tests/harness/browser"
)

// served returns the name in the certificate that new connections get.
func served(s *harness.Server) string {
	s.T.Helper()
	conn, err := tls.Dial("tcp", s.Address, s.Trust)
	if err != nil {
		s.T.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

const tellServer = `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,isset($_SERVER[$msg])?$_SERVER[$msg]:"-"); }`

// plainRead answers a client that speaks no HTTP.
const plainRead = `
function ws_server_read(&$connections,&$connection,$client_key,$data)
{
	if ($data<>"time?\n") { return ""; }
	do_reply($client_key,"now\n");
	close_client($client_key);
}`

func TestTLSReachesPHP(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]string{"plain": "", "read": plainRead} {
		t.Run(name, func(t *testing.T) {
			s := harness.ServeTLS(t, harness.App{Handlers: tellServer + more}, harness.NewCertificate(t, "x"))
			c := s.Connect()
			for name, want := range map[string]string{"HTTPS": "on", "REQUEST_SCHEME": "https", "SSL_PROTOCOL": "TLSv1.3", "SSL_TLS_SNI": "-"} {
				if got := c.Ask(name); got != want {
					t.Errorf("%s: got %q", name, got)
				}
			}
			if got := c.Ask("SSL_CIPHER"); !strings.HasPrefix(got, "TLS_") {
				t.Errorf("SSL_CIPHER: got %q", got)
			}
			c.Leave()
			if name == "read" {
				s.Open("127.0.0.1", "time?\n").WantRest("now\n")
			}
		})
	}
}

func TestTLS12HasNoCBC(t *testing.T) {
	t.Parallel()
	s := harness.ServeTLS(t, harness.App{Handlers: tellServer}, harness.NewCertificate(t, "x"))
	modes := map[string]bool{}
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if !slices.Contains(suite.SupportedVersions, tls.VersionTLS12) || slices.Contains(suite.SupportedVersions, tls.VersionTLS13) {
			continue
		}
		trust := s.Trust.Clone()
		trust.MaxVersion, trust.CipherSuites = tls.VersionTLS12, []uint16{suite.ID}
		if conn, err := tls.Dial("tcp", s.Address, trust); err == nil {
			conn.Close()
			_, mode, _ := strings.Cut(suite.Name, "_WITH_")
			modes[mode] = true
		}
	}
	got := slices.Sorted(maps.Keys(modes))
	if want := []string{"AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A client stays connected, and a certificate whose key does not match changes nothing.
func TestCertificateIsReloaded(t *testing.T) {
	t.Parallel()
	first, second, third := harness.NewCertificate(t, "first"), harness.NewCertificate(t, "second"), harness.NewCertificate(t, "third")
	s := harness.ServeTLS(t, harness.App{Handlers: tellServer}, first)
	s.Trust = harness.Trust(first, second, third)
	c := s.Connect()
	if got := served(s); got != "first" {
		t.Errorf("got %s", got)
	}
	s.Install(second)
	s.Signal(syscall.SIGHUP)
	s.Log.Wait("configuration reloaded")
	if got := served(s); got != "second" {
		t.Errorf("after SIGHUP: got %s", got)
	}
	s.Write("key.pem", first.Key)
	s.Signal(syscall.SIGHUP)
	s.Log.Wait("not reloaded: everything stays as it was", "does not match")
	if got := served(s); got != "second" {
		t.Errorf("after a bad pair: got %s", got)
	}
	s.Install(third)
	harness.Eventually(t, "the changed files are in force", func() bool { return served(s) == "third" })
	if got := c.Ask("HTTPS"); got != "on" {
		t.Errorf("got %q", got)
	}
}

func TestBadCertificateIsWrongConfiguration(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		spoil func(s *harness.Server)
		want  []string
	}{
		"no key": {func(s *harness.Server) { s.Write("cert.pem", harness.NewCertificate(t, "x").Cert) }, []string{"server.tls_key", "key.pem", "no such file"}},
		"not each other's": {func(s *harness.Server) {
			s.Write("cert.pem", harness.NewCertificate(t, "x").Cert)
			s.Write("key.pem", harness.NewCertificate(t, "y").Key)
		},
			[]string{"server.tls_cert", "cert.pem", "does not match"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := harness.App{TOML: harness.TLSFiles, Handlers: harness.Echo}
			s := harness.Prepare(t, a)
			row.spoil(s)
			s.Start(s.Arguments(a)...)
			if status := s.Wait(); status != 2 {
				t.Errorf("exit status %d", status)
			}
			s.WantError(row.want...)
		})
	}
}

func TestWSSInABrowser(t *testing.T) {
	s := harness.ServeTLS(t, harness.App{Handlers: tellServer, TOML: "require_cookie = false\n"}, harness.NewCertificate(t, "x"))
	tab := browser.Start(t, chromedp.IgnoreCertErrors).Open(t, "https://"+s.Address+"/") // a refusal, and a page of the same origin
	script := fmt.Sprintf(`new Promise(done => {
		const ws = new WebSocket("wss://%s/");
		let got = "";
		ws.onopen = () => ws.send("HTTPS");
		ws.onmessage = e => { got = e.data; ws.close(4001, "enough"); };
		ws.onclose = e => done(got + " " + e.code + " " + e.wasClean);
	})`, s.Address)
	var got string
	awaited := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	if err := chromedp.Run(tab.Ctx, chromedp.Evaluate(script, &got, awaited)); err != nil || got != "on 4001 true" {
		t.Errorf("got %q, %v", got, err)
	}
}
