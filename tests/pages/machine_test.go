package pages

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// bareMachine is where the tree of a clean Debian is kept, since making it takes a minute and a mirror.
const bareMachine = "/var/cache/wsbridge-test/bookworm"

// machine is a clean Debian that runs systemd, on its own as far as it can tell. What is written there is forgotten.
type machine struct {
	t      *testing.T
	leader int // its process 1
}

// bootMachine boots a machine, and skips the test where that is not possible.
func bootMachine(t *testing.T) *machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can boot a machine in a container")
	}
	for _, name := range []string{"systemd-nspawn", "mmdebstrap", "nsenter"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("no machine to boot: there is no %s", name)
		}
	}
	if out, err := harness.Command(t, harness.BuildPatience, "../../.ci/basetree", bareMachine).CombinedOutput(); err != nil {
		t.Skipf("no machine to boot: %v\n%s", err, out)
	}
	lockMachine(t)
	var console harness.Buffer
	boot := exec.Command("systemd-nspawn", "--quiet", "--directory="+bareMachine, "--volatile=overlay", "--boot",
		"--private-network", "--register=no", "--keep-unit", "--console=pipe", fmt.Sprintf("--machine=wsbridge-test-%d", os.Getpid()))
	boot.Stdout, boot.Stderr = &console, &console
	if err := boot.Start(); err != nil {
		t.Skipf("no machine to boot: %v", err)
	}
	exited := make(chan struct{})
	go func() { defer close(exited); _ = boot.Wait() }()
	t.Cleanup(func() { powerOff(boot, exited) })
	m := &machine{t: t}
	for timeout := time.After(2 * harness.Patience); !m.find(boot.Process.Pid) || !m.isUp(); {
		select {
		case <-exited:
			t.Skipf("the machine does not boot here:\n%s", console.String())
		case <-timeout:
			t.Skipf("the machine does not come up here:\n%s", console.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return m
}

// lockMachine waits for other tests: only one machine at a time may boot from the tree.
func lockMachine(t *testing.T) {
	t.Helper()
	f, err := os.OpenFile(bareMachine+".lock", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
}

// powerOff ends the machine as a power button does, and then as a plug.
func powerOff(boot *exec.Cmd, exited chan struct{}) {
	_ = boot.Process.Signal(syscall.SIGTERM)
	select {
	case <-exited:
	case <-time.After(harness.Patience):
		_ = boot.Process.Kill()
		<-exited
	}
}

// find looks for process 1, the only child of nspawn.
func (m *machine) find(nspawn int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", nspawn, nspawn))
	fields := strings.Fields(string(text))
	if err != nil || len(fields) == 0 {
		return false
	}
	m.leader, err = strconv.Atoi(fields[0])
	return err == nil
}

func (m *machine) isUp() bool {
	out, _ := m.shell(harness.Patience, "systemctl is-system-running").CombinedOutput()
	state := strings.TrimSpace(string(out))
	return state == "running" || state == "degraded"
}

// shell returns a command line of the machine's administrator.
func (m *machine) shell(limit time.Duration, line string) *exec.Cmd {
	return harness.Command(m.t, limit, "nsenter", "--target", strconv.Itoa(m.leader), "--mount", "--uts", "--ipc", "--net", "--pid",
		"--cgroup", "--", "env", "-i", "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "bash", "-e", "-u", "-o", "pipefail", "-c",
		"cd\n"+line)
}

// run runs a command line, which must succeed, and returns what it says.
func (m *machine) run(line string) string {
	m.t.Helper()
	out, err := m.shell(harness.BuildPatience, line).CombinedOutput()
	if err != nil {
		journal, _ := m.shell(harness.Patience, "journalctl --no-pager -n 60").CombinedOutput()
		m.t.Fatalf("%s\n%v\n%s\njournal:\n%s", line, err, out, journal)
	}
	return strings.TrimSpace(string(out))
}

// follow runs all commands of a section.
func (m *machine) follow(p page, heading string) string {
	m.t.Helper()
	if len(p[heading]) == 0 {
		m.t.Fatalf("the page has no commands below %q", heading)
	}
	var out []string
	for _, block := range p[heading] {
		out = append(out, m.run(block))
	}
	return strings.Join(out, "\n")
}

// put copies a file into the administrator's folder.
func (m *machine) put(path string) {
	m.t.Helper()
	content, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(fmt.Sprintf("/proc/%d/root/root/%s", m.leader, filepath.Base(path)), content, 0o644)
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// connect opens a WebSocket from within the machine.
func (m *machine) connect(address string) *harness.Client {
	m.t.Helper()
	dialer := websocket.Dialer{HandshakeTimeout: harness.Patience, NetDialContext: m.dial}
	var conn *websocket.Conn
	harness.Eventually(m.t, "connected to "+address, func() bool {
		c, response, err := dialer.Dial("ws://"+address+"/", harness.Headers("login=anna"))
		if err != nil && (response == nil || response.StatusCode != http.StatusServiceUnavailable) { // php-fpm may still be reloading
			m.t.Fatalf("connect to %s: %v (%v)", address, err, response)
		}
		conn = c
		return err == nil
	})
	return harness.NewClient(m.t, conn)
}

// dial connects within the machine's network: a socket belongs to the network in which it was made.
func (m *machine) dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	var once sync.WaitGroup
	once.Go(func() {
		runtime.LockOSThread() // never unlocked: the thread, now in another network, ends with the goroutine
		var ns *os.File
		if ns, err = os.Open(fmt.Sprintf("/proc/%d/ns/net", m.leader)); err != nil {
			return
		}
		defer ns.Close()
		if err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			return
		}
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
	})
	once.Wait()
	return conn, err
}
