package fastcgi

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/fastcgi/phpfpm"
	"github.com/wsbridge/wsbridge/protocol"
)

// site is a folder with the scripts of testdata that php-fpm's user can read.
type site struct{ dir string }

func newSite(tb testing.TB) site {
	tb.Helper()
	dir := tb.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.CopyFS(dir, os.DirFS("testdata/")); err != nil {
		tb.Fatal(err)
	}
	spool := filepath.Join(dir, "spool")
	if err := os.Mkdir(spool, 0o777); err != nil {
		tb.Fatal(err)
	}
	if err := os.Chmod(spool, 0o777); err != nil {
		tb.Fatal(err)
	}
	return site{dir}
}

func (s site) path(name string) string  { return filepath.Join(s.dir, name) }
func (s site) spool(name string) string { return filepath.Join(s.dir, "spool", name) }

// own starts a supervised php-fpm.
func (s site) own(tb testing.TB, workers int) *phpfpm.Process {
	tb.Helper()
	p, err := phpfpm.Start(tb.Context(), phpfpm.Config{Dir: s.dir, Workers: workers})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := p.Close(); err != nil {
			tb.Error(err)
		}
	})
	return p
}

// foreign is a php-fpm that is not supervised and has its own configuration.
type foreign struct {
	site
	network, address string
	cmd              *exec.Cmd
}

// foreign starts a php-fpm on a unix socket.
func (s site) foreign(tb testing.TB, lines ...string) *foreign {
	tb.Helper()
	return s.foreignOn(tb, "unix", lines...)
}

// foreignOn starts a php-fpm on a socket of a network.
func (s site) foreignOn(tb testing.TB, network string, lines ...string) *foreign {
	tb.Helper()
	address := s.path("php-fpm.sock")
	if network == "tcp" {
		address = freeAddress(tb)
	}
	pool := []string{"[global]", "error_log = " + s.path("foreign.log"), "daemonize = no", "process_control_timeout = 20s",
		"[pool]", "listen = " + address, "listen.mode = 0666", "pm = static"}
	if os.Geteuid() == 0 {
		pool = append(pool, "user = www-data", "group = www-data")
	}
	pool = append(append(pool, lines...), "")
	if err := os.WriteFile(s.path("foreign.conf"), []byte(strings.Join(pool, "\n")), 0o600); err != nil {
		tb.Fatal(err)
	}
	f := &foreign{site: s, network: network, address: address}
	tb.Cleanup(f.kill)
	f.start(tb)
	return f
}

func (f *foreign) start(tb testing.TB) {
	tb.Helper()
	binary, err := phpfpm.Find("")
	if err != nil {
		tb.Fatal(err)
	}
	f.cmd = exec.Command(binary, "--nodaemonize", "--fpm-config", f.path("foreign.conf"))
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := f.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	eventually(tb, "php-fpm accepts", func() bool {
		c, err := net.Dial(f.network, f.address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// freeAddress returns an address on which nothing listened a moment ago.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// client returns a client of this php-fpm.
func (f *foreign) client(tb testing.TB, change ...func(*Config)) *Client {
	tb.Helper()
	here := func(cfg *Config) { cfg.Network, cfg.Address = f.network, f.address }
	return f.site.client(tb, append([]func(*Config){here}, change...)...)
}

// reload restarts php-fpm's workers and waits until they are ready.
func (f *foreign) reload(tb testing.TB) {
	tb.Helper()
	before := f.starts(tb)
	if err := f.cmd.Process.Signal(syscall.SIGUSR2); err != nil {
		tb.Fatal(err)
	}
	eventually(tb, "php-fpm has reloaded", func() bool { return f.starts(tb) > before })
}

// starts returns how often php-fpm has become ready.
func (f *foreign) starts(tb testing.TB) int {
	tb.Helper()
	b, err := os.ReadFile(f.path("foreign.log"))
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Count(string(b), "ready to handle connections")
}

// killWorker kills a worker of php-fpm, if there is one.
func (f *foreign) killWorker(tb testing.TB) {
	tb.Helper()
	master := f.cmd.Process.Pid
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", master, master))
	if err != nil {
		tb.Fatal(err)
	}
	if pid, err := strconv.Atoi(strings.Fields(string(children) + " none")[0]); err == nil {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
	}
}

// kill ends php-fpm and its workers at once.
func (f *foreign) kill() {
	if f.cmd != nil && f.cmd.Process != nil && f.cmd.ProcessState == nil {
		_ = syscall.Kill(-f.cmd.Process.Pid, syscall.SIGKILL)
		_ = f.cmd.Wait()
	}
}

// client returns a client of the php-fpm that listens in s.
func (s site) client(tb testing.TB, change ...func(*Config)) *Client {
	tb.Helper()
	cfg := Config{
		Network: "unix", Address: s.path("php-fpm.sock"),
		Script: s.path("entry.php"), EventsFile: s.path("events.php"),
		Timeout: 20 * time.Second,
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

// answer holds the effects of an exchange.
type answer struct {
	sent   []string // payloads
	stray  []string
	result string // of the last done line
	ends   []uint64
	failed *protocol.Failure
}

func (a *answer) take(e *protocol.Effect) error {
	switch {
	case e.Send != nil:
		a.sent = append(a.sent, string(e.Send.Payload))
	case e.Stray != "":
		a.stray = append(a.stray, e.Stray)
	case e.Done != nil:
		a.result = string(e.Done.Result)
		a.ends = append(a.ends, e.Seq)
	case e.Failed != nil:
		a.failed = e.Failed
		a.ends = append(a.ends, e.Seq)
	}
	return nil
}

// ask runs text events with these payloads, numbered from 1.
func ask(ctx context.Context, c *Client, environment []byte, payloads ...string) (answer, error) {
	var a answer
	var events []*protocol.Event
	for i, p := range payloads {
		events = append(events, &protocol.Event{Kind: protocol.Text, Seq: uint64(i + 1), Client: 1, Environment: environment, Payload: []byte(p)})
	}
	err := c.Run(ctx, a.take, events...)
	return a, err
}

// mustAsk is ask for exchanges that cannot fail.
func mustAsk(tb testing.TB, c *Client, payloads ...string) answer {
	tb.Helper()
	a, err := ask(tb.Context(), c, nil, payloads...)
	if err != nil {
		tb.Fatalf("run %.60q: %v", payloads, err)
	}
	return a
}

// eventually waits for a condition.
func eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("timeout waiting for: %s", what)
		}
	}
}

func readPID(tb testing.TB, file string) (pid int) {
	tb.Helper()
	eventually(tb, file+" holds a pid", func() bool {
		b, err := os.ReadFile(file)
		if err != nil {
			return false
		}
		_, err = fmt.Sscan(string(b), &pid)
		return err == nil
	})
	return pid
}
