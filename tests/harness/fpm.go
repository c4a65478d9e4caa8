package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/fastcgi/phpfpm"
)

// FPM is a php-fpm that is not wsbridge's own, as a site has it.
type FPM struct {
	Address string // "unix:/path" or "tcp:host:port", as wsbridge's configuration wants it

	tb     testing.TB
	binary string
	config string
	cmd    *exec.Cmd // nil: it does not run
}

// StartFPM starts a php-fpm with that many workers, whose reloads wait for what they run, at a socket of its own. The
// test's end stops it.
func StartFPM(tb testing.TB, workers int) *FPM {
	tb.Helper()
	return startFPM(tb, workers, "")
}

// StartFPMOnTCP is StartFPM at a port.
func StartFPMOnTCP(tb testing.TB, workers int) *FPM {
	tb.Helper()
	return startFPM(tb, workers, fmt.Sprintf("127.0.0.1:%d", FreePort(tb)))
}

func startFPM(tb testing.TB, workers int, port string) *FPM {
	tb.Helper()
	binary, err := phpfpm.Find("")
	if err != nil {
		tb.Fatal(err)
	}
	dir := PublicDir(tb)
	f := &FPM{Address: "tcp:" + port, tb: tb, binary: binary, config: filepath.Join(dir, "fpm.conf")}
	listen := port
	if port == "" {
		listen = filepath.Join(dir, "fpm.sock")
		f.Address = "unix:" + listen
	}
	account := ""
	if os.Geteuid() == 0 {
		account = "user = www-data\ngroup = www-data\n"
	}
	log := filepath.Join(dir, "fpm.log")
	pool := fmt.Sprintf("[global]\nerror_log = %s\ndaemonize = no\nprocess_control_timeout = 30s\n[www]\nlisten = %s\n%s"+
		"pm = static\npm.max_children = %d\npm.max_requests = 500\n", log, listen, account, workers)
	if err := os.WriteFile(f.config, []byte(pool), 0o644); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		f.Stop()
		if text, err := os.ReadFile(log); err == nil && tb.Failed() {
			tb.Logf("php-fpm: %s", lastOf(string(text)))
		}
	})
	f.Start()
	return f
}

// Start starts a php-fpm that was stopped, and waits until it listens.
func (f *FPM) Start() {
	f.tb.Helper()
	f.cmd = exec.Command(f.binary, "-F", "-y", f.config)
	if err := f.cmd.Start(); err != nil {
		f.tb.Fatal(err)
	}
	network, address, _ := strings.Cut(f.Address, ":")
	Eventually(f.tb, "php-fpm listens", func() bool { return Listening(network, address) })
}

// Stop ends it, unless it is stopped already.
func (f *FPM) Stop() {
	if f.cmd == nil {
		return
	}
	_ = f.cmd.Process.Signal(syscall.SIGTERM) // its master ends the workers; killed, it would leave them serving
	_ = f.cmd.Wait()                          // its status is that of a signal
	f.cmd = nil
}

// Config has wsbridge use this php-fpm.
func (f *FPM) Config() string { return fmt.Sprintf("php.fastcgi = %q\n", f.Address) }

// Reload has php-fpm read its configuration anew, with new workers, as a deployment does.
func (f *FPM) Reload() error { return f.cmd.Process.Signal(syscall.SIGUSR2) }

// Workers lists the processes that run PHP; there are none while it begins anew.
func (f *FPM) Workers() []int { return Children(f.cmd.Process.Pid) }
