package wire

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// nginxMain includes deploy/nginx/wsbridge.conf as Debian's nginx.conf does, with all files in one folder.
const nginxMain = `daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 768; }
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	include wsbridge.conf;
}
`

// nginxExample is the example, changed where it says so.
func nginxExample(t testing.TB, upstream string, port int) string {
	t.Helper()
	example, err := os.ReadFile("../../deploy/nginx/wsbridge.conf")
	if err != nil {
		t.Fatal(err)
	}
	text := string(example)
	for old, changed := range map[string]string{
		"server 127.0.0.1:50000;":            "server " + upstream + ";",
		"listen 443 ssl;":                    fmt.Sprintf("listen 127.0.0.1:%d ssl;", port),
		"listen [::]:443 ssl;":               "",
		"/etc/ssl/certs/shop.example.pem;":   "cert.pem;",
		"/etc/ssl/private/shop.example.key;": "key.pem;",
		"server_name shop.example;":          "server_name 127.0.0.1;",
	} {
		if strings.Count(text, old) != 1 {
			t.Fatalf("the example does not have one %q", old)
		}
		text = strings.Replace(text, old, changed, 1)
	}
	return text
}

// nginx runs the example in front of s and returns its address.
func nginx(s *harness.Server) (address string) {
	s.T.Helper()
	binary, err := exec.LookPath("nginx")
	if err != nil {
		if binary = "/usr/sbin/nginx"; !isFile(binary) {
			s.T.Fatal("no nginx found: run make test")
		}
	}
	port := harness.FreePort(s.T)
	s.Write("wsbridge.conf", nginxExample(s.T, s.Address, port))
	s.Write("nginx.conf", nginxMain)
	args := []string{"-p", s.Dir, "-c", s.Path("nginx.conf"), "-e", "stderr"}
	if out, err := exec.Command(binary, append(args, "-t")...).CombinedOutput(); err != nil {
		s.T.Fatalf("nginx -t: %v\n%s", err, out)
	}
	var log bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if s.T.Failed() {
			s.T.Log(log.String())
		}
	})
	address = fmt.Sprintf("127.0.0.1:%d", port)
	harness.Eventually(s.T, "nginx listens", func() bool { return harness.Listening("tcp", address) })
	return address
}

func isFile(path string) bool {
	info, err := os.Stat(filepath.Clean(path))
	return err == nil && info.Mode().IsRegular()
}

func TestExampleForNginx(t *testing.T) {
	t.Parallel()
	certificate := harness.NewCertificate(t, "x")
	s := harness.Serve(t, harness.App{TOML: "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n", Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,isset($_SERVER[$msg]) ? $_SERVER[$msg] : $msg);
}`})
	s.Install(certificate)
	address := nginx(s)
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	dialer := websocket.Dialer{TLSClientConfig: harness.Trust(certificate), HandshakeTimeout: harness.Patience, NetDialContext: from.DialContext}
	dial := func(origin string) (*harness.Client, *http.Response, error) {
		h := harness.Headers("login=anna")
		h.Set("Origin", origin)
		h.Set("X-Forwarded-For", "192.0.2.1") // forged
		h.Set("Forwarded", "for=192.0.2.1")
		conn, response, err := dialer.Dial("wss://"+address+"/ws/", h)
		if err != nil {
			return nil, response, err
		}
		return harness.NewClient(t, conn), response, nil
	}
	if _, response, err := dial("https://evil.example"); err == nil || response == nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("another origin: got %v, %v", response, err)
	}
	c, _, err := dial("https://" + address)
	if err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("large", 1<<20/5)
	for asked, want := range map[string]string{"hello": "hello", large: large, "REMOTE_ADDR": "127.0.0.2",
		"HTTP_X_FORWARDED_FOR": "127.0.0.2", "HTTPS": "on", "HTTP_HOST": address, "HTTP_FORWARDED": "HTTP_FORWARDED"} {
		if got := c.Ask(asked); got != want {
			t.Errorf("%.40q: got %.40q, want %.40q", asked, got, want)
		}
	}
	s.Signal(syscall.SIGTERM)
	if code, reason := c.Closed(); code != 1001 || reason != "server shutting down" {
		t.Errorf("closed with %d %q", code, reason)
	}
}
