package wire

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

var caddy = proxy{
	example: "caddy/Caddyfile",
	changes: func(host, port string, own int) map[string]string {
		return map[string]string{
			"reverse_proxy 127.0.0.1:50000": "reverse_proxy " + host + ":" + port,
			"\nshop.example {":              fmt.Sprintf("\nhttps://127.0.0.1:%d {\n\ttls cert.pem key.pem", own),
		}
	},
	main: `{
	admin off
	auto_https disable_redirects
	storage file_system DIR
}
import example.conf
`,
	command: func(dir string) *exec.Cmd {
		return program("caddy", "run", "--adapter", "caddyfile", "--config", dir+"/main.conf")
	},
}

// Caddy 2.6.2 closes all WebSockets when it reloads. The close frame that it then sends to wsbridge is not masked, as a client's has
// to be (RFC 6455, section 5.1).
func TestAReloadOfCaddyEndsItsClientsOnly(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: exchanging, TOML: trusting})
	certificate, admin := harness.NewCertificate(t, "x"), fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	p, dir := caddy, ""
	p.main = strings.Replace(p.main, "admin off", "admin "+admin, 1)
	p.command = func(in string) *exec.Cmd {
		dir = in
		return caddy.command(in)
	}
	front := *s
	front.Address, front.Trust = p.start(t, s.Address, certificate), harness.Trust(certificate)
	v := visit{&front, p, "127.0.0.7"}
	direct := s.Connect()
	direct.Receive()
	c, k := v.open()
	harness.Eventually(t, "caddy's admin endpoint", func() bool { return harness.Listening("tcp", admin) })
	reload := program("caddy", "reload", "--force", "--adapter", "caddyfile", "--config", dir+"/main.conf", "--address", admin)
	reload.Dir = dir
	if out, status := harness.Finish(t, reload); status != 0 {
		t.Fatalf("reload: %s", out)
	}
	// What wsbridge answers to that frame may overtake the one that Caddy sends to the client.
	if got := next(c); got != harness.Closing(1001, "") && got != harness.Closing(1002, "protocol error") {
		t.Errorf("the client got %v", got)
	}
	s.Log.Wait("connection failed", k.Peer, "frame without a mask")
	s.Log.Wait("client left", k.Peer, `"protocol"`)
	if log := s.Log.Text(); strings.Contains(log, "WARN") || strings.Contains(log, "ERROR") {
		t.Error("a client's mistake is logged as the server's")
	}
	if got := direct.Ask("still here"); got != "still here" {
		t.Errorf("another client got %q", got)
	}
}
