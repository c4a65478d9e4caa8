package acme

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// pebble is the version of the authority and its name server. They are built apart from this module, which needs nothing of them.
const pebble = "github.com/letsencrypt/pebble/v2/cmd/%s@v2.10.3"

// buildTools builds both into toolFolder.
var buildTools = sync.OnceValue(func() error {
	ctx, cancel := context.WithTimeout(context.Background(), harness.BuildPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "install", fmt.Sprintf(pebble, "pebble"), fmt.Sprintf(pebble, "pebble-challtestsrv"))
	cmd.Env = append(os.Environ(), "GOBIN="+toolFolder)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
})

// authority is one that checks names by the port of the server.
type authority struct {
	t         *testing.T
	dir       string
	own       harness.Certificate
	port      int // where it is asked
	stop      func()
	checks    int // the port of the server
	lifetime  time.Duration
	nameserve string
	again     int    // after how many seconds it wants to be asked again
	pace      string // variable of pebble that says how long it takes to check a name
}

// newAuthority returns one that has not started.
func newAuthority(t *testing.T, lifetime time.Duration) *authority {
	t.Helper()
	if err := buildTools(); err != nil {
		t.Fatalf("build pebble: %v", err)
	}
	a := &authority{t: t, dir: t.TempDir(), own: harness.NewCertificate(t, "authority"), port: harness.FreePort(t), checks: harness.FreePort(t),
		lifetime: lifetime, again: 1, pace: "PEBBLE_VA_NOSLEEP=1"}
	a.write("ca.pem", a.own.Cert)
	a.write("ca.key", a.own.Key)
	a.nameserve = fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	a.run("pebble-challtestsrv", "-dnsserver", a.nameserve, "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-http01", "", "-https01", "",
		"-doh", "", "-tlsalpn01", "", "-management", "")
	return a
}

func (a *authority) write(name, text string) {
	a.t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o644); err != nil {
		a.t.Fatal(err)
	}
}

// start runs the authority until the test ends, or stop.
func (a *authority) start() {
	a.t.Helper()
	manage := harness.FreePort(a.t)
	text, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": fmt.Sprintf("127.0.0.1:%d", a.port), "managementListenAddress": fmt.Sprintf("127.0.0.1:%d", manage),
		"certificate": "ca.pem", "privateKey": "ca.key", "httpPort": 1, "tlsPort": a.checks, "domainBlocklist": []string{"blocked.example.com"},
		"retryAfter":   map[string]int{"authz": a.again, "order": a.again},
		"keyAlgorithm": "ecdsa", "profiles": map[string]any{"default": map[string]any{"description": "", "validityPeriod": int(a.lifetime.Seconds())}},
	}})
	if err != nil {
		a.t.Fatal(err)
	}
	a.write("pebble.json", string(text))
	a.stop = a.run("pebble", "-config", "pebble.json", "-dnsserver", a.nameserve)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: harness.Trust(a.own), DisableKeepAlives: true}}
	harness.Eventually(a.t, "the authority answers", func() bool {
		response, err := client.Get(fmt.Sprintf("https://127.0.0.1:%d/roots/0", manage))
		if err != nil {
			return false
		}
		defer response.Body.Close()
		root, err := io.ReadAll(response.Body)
		if err == nil {
			a.write("root.pem", string(root))
		}
		return err == nil && response.StatusCode == http.StatusOK
	})
}

func (a *authority) run(name string, args ...string) (stop func()) {
	a.t.Helper()
	cmd := exec.Command(filepath.Join(toolFolder, name), args...)
	var log bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = a.dir, &log, &log
	cmd.Env = append(os.Environ(), a.pace)
	if err := cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
		if a.t.Failed() {
			a.t.Logf("%s:\n%s", name, log.String())
		}
	})
	a.t.Cleanup(stop)
	return stop
}

// trust returns what a client by a name needs that believes in the authority.
func (a *authority) trust(name string) *tls.Config {
	a.t.Helper()
	root, err := os.ReadFile(filepath.Join(a.dir, "root.pem"))
	if err != nil {
		a.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(root)
	return &tls.Config{RootCAs: pool, ServerName: name}
}

// configuration returns [server] for the names.
func (a *authority) configuration(names ...string) string {
	list, _ := json.Marshal(names)
	return fmt.Sprintf("[server]\nlisten = \"127.0.0.1:%d\"\nacme = %s\nacme_directory = \"https://127.0.0.1:%d/dir\"\nacme_email = \"anna@example.com\"\n",
		a.checks, list, a.port)
}

// serve runs a server with that configuration, whose state is in the folder "state".
func (a *authority) serve(toml string) *harness.Server {
	a.t.Helper()
	s := harness.Prepare(a.t, harness.App{Handlers: harness.Echo, TOML: toml})
	if err := os.Mkdir(s.Path("state"), 0o700); err != nil {
		a.t.Fatal(err)
	}
	a.launch(s)
	return s
}

func (a *authority) launch(s *harness.Server) {
	a.t.Helper()
	cmd := exec.Command(harness.Program(), "serve", "--config", s.Path("wsbridge.toml"))
	cmd.Env = []string{"SSL_CERT_FILE=" + filepath.Join(a.dir, "ca.pem"), "STATE_DIRECTORY=" + s.Path("state") + ":/other"}
	s.Launch(cmd)
	s.AwaitListening()
}

// served returns the certificate that a client by a name gets, which it believes in.
func (a *authority) served(s *harness.Server, name string) *x509.Certificate {
	a.t.Helper()
	conn, err := tls.Dial("tcp", s.Address, a.trust(name))
	if err != nil {
		a.t.Fatalf("%s: %v", name, err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0]
}

// loaded waits until n certificates for a name have been loaded.
func loaded(s *harness.Server, name string, n int) {
	s.T.Helper()
	harness.Eventually(s.T, fmt.Sprintf("certificate %d for %s is loaded", n, name), func() bool {
		return s.Log.Count("certificate loaded", `"`+name+`"`) >= n
	})
}

func modes(t *testing.T, folder string) (all []string) {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f.Name()+" "+strings.TrimPrefix(info.Mode().String(), "-"))
	}
	return all
}
