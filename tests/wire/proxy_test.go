package wire

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// proxy is a program that stands in front of wsbridge with its example, which the test changes where users do.
type proxy struct {
	example  string                                           // below deploy/
	changes  func(host, port string, p int) map[string]string // of the example, to what is at host:port; p is the proxy's own port
	timeouts map[string]string                                // of the example, made short
	main     string                                           // the file that includes the example, as the distribution's does; empty: there is none
	command  func(dir string) *exec.Cmd                       // which stays in the foreground; dir has example.conf, main.conf, cert.pem, key.pem, both.pem

	proxyProtocol bool // tells of its clients by the PROXY protocol, not by headers
	noHTTPS       bool // does not tell that they came by TLS
}

// text is the example as a user would have changed it.
func (p proxy) text(t testing.TB, changes ...map[string]string) string {
	t.Helper()
	example, err := os.ReadFile(filepath.Join("../../deploy", p.example))
	if err != nil {
		t.Fatal(err)
	}
	text := string(example)
	for _, some := range changes {
		for old, changed := range some {
			if strings.Count(text, old) != 1 {
				t.Fatalf("%s does not have one %q", p.example, old)
			}
			text = strings.Replace(text, old, changed, 1)
		}
	}
	return text
}

// start runs the proxy in front of backend and returns its address. The test's end stops it.
func (p proxy) start(t testing.TB, backend string, certificate harness.Certificate) (address string) {
	t.Helper()
	dir, own := harness.PublicDir(t), harness.FreePort(t)
	host, port, _ := strings.Cut(backend, ":")
	for name, content := range map[string]string{
		"example.conf": p.text(t, p.changes(host, port, own), p.timeouts), "main.conf": strings.ReplaceAll(p.main, "DIR", dir),
		"cert.pem": certificate.Cert, "key.pem": certificate.Key, "both.pem": certificate.Key + certificate.Cert,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	address = fmt.Sprintf("127.0.0.1:%d", own)
	run(t, dir, p.command(dir), address)
	return address
}

// run starts a program in a folder, and waits until it listens at address. The test's end stops it and its children.
func run(t testing.TB, dir string, cmd *exec.Cmd, address string) {
	t.Helper()
	var log bytes.Buffer
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "HOME="+dir)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its children
		if t.Failed() {
			t.Logf("%s\n%s", cmd, log.String())
		}
	})
	harness.Eventually(t, cmd.Path+" listens", func() bool {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s: %v", cmd, err)
		default:
		}
		return harness.Listening("tcp", address)
	})
}

// program returns the command of a program that may lie outside a user's PATH.
func program(name string, args ...string) *exec.Cmd {
	if _, err := exec.LookPath(name); err != nil {
		name = "/usr/sbin/" + name
	}
	return exec.Command(name, args...)
}

// certified are the changes of an example that names the files of Debian's certificates.
func certified(more map[string]string) map[string]string {
	all := map[string]string{"/etc/ssl/certs/shop.example.pem": "cert.pem", "/etc/ssl/private/shop.example.key": "key.pem"}
	maps.Copy(all, more)
	return all
}
