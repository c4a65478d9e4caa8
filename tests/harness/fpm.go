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
	Address   string // "unix:/path" or "tcp:host:port", as wsbridge's configuration wants it
	Residents string // likewise, of its pool for resident workers; empty: there is none

	tb     testing.TB
	binary string
	config string
	cmd    *exec.Cmd // nil: it does not run
}

// StartFPM starts a php-fpm with that many workers, whose reloads wait for what they run, at a socket of its own. The
// test's end stops it.
func StartFPM(tb testing.TB, workers int) *FPM {
	tb.Helper()
	f := newFPM(tb)
	f.write(f.globals("30s") + f.pool("www", f.Address, workers, 500))
	f.Start()
	return f
}

// StartFPMForResidents starts a php-fpm with that many workers in a pool for events and in one for residents. controlTimeout is
// how long its reloads wait for what it runs: with "0", they end it. more are further lines of both pools.
func StartFPMForResidents(tb testing.TB, workers, residents int, controlTimeout string, more ...string) *FPM {
	tb.Helper()
	f := newFPM(tb)
	f.Residents = "unix:" + filepath.Join(filepath.Dir(f.config), "resident.sock")
	lines := strings.Join(more, "")
	f.write(f.globals(controlTimeout) + f.pool("www", f.Address, workers, 500) + lines + f.pool("resident", f.Residents, residents, 1) + lines)
	f.Start()
	return f
}

// StartFPMOnTCP is StartFPM at a port.
func StartFPMOnTCP(tb testing.TB, workers int) *FPM {
	tb.Helper()
	f := newFPM(tb)
	f.Address = fmt.Sprintf("tcp:127.0.0.1:%d", FreePort(tb))
	f.write(f.globals("30s") + f.pool("www", f.Address, workers, 500))
	f.Start()
	return f
}

// StartFPMForResidentsOnTCP is StartFPMForResidents whose pools listen at ports.
func StartFPMForResidentsOnTCP(tb testing.TB, workers, residents int) *FPM {
	tb.Helper()
	f := newFPM(tb)
	f.Address = fmt.Sprintf("tcp:127.0.0.1:%d", FreePort(tb))
	f.Residents = fmt.Sprintf("tcp:127.0.0.1:%d", FreePort(tb))
	f.write(f.globals("30s") + f.pool("www", f.Address, workers, 500) + f.pool("resident", f.Residents, residents, 1))
	f.Start()
	return f
}

// newFPM returns a php-fpm that has no configuration yet.
func newFPM(tb testing.TB) *FPM {
	tb.Helper()
	binary, err := phpfpm.Find("")
	if err != nil {
		tb.Fatal(err)
	}
	dir := PublicDir(tb)
	f := &FPM{Address: "unix:" + filepath.Join(dir, "fpm.sock"), tb: tb, binary: binary, config: filepath.Join(dir, "fpm.conf")}
	tb.Cleanup(func() {
		f.Stop()
		if text, err := os.ReadFile(f.log()); err == nil && tb.Failed() {
			tb.Logf("php-fpm: %s", lastOf(string(text)))
		}
	})
	return f
}

func (f *FPM) log() string { return filepath.Join(filepath.Dir(f.config), "fpm.log") }

func (f *FPM) write(config string) {
	f.tb.Helper()
	if err := os.WriteFile(f.config, []byte(config), 0o644); err != nil {
		f.tb.Fatal(err)
	}
}

func (f *FPM) globals(controlTimeout string) string {
	return fmt.Sprintf("[global]\nerror_log = %s\ndaemonize = no\nprocess_control_timeout = %s\n", f.log(), controlTimeout)
}

// pool returns the section of a pool of fixed size, whose workers end after so many requests.
func (f *FPM) pool(name, address string, workers, requests int) string {
	_, listen, _ := strings.Cut(address, ":")
	account := ""
	if os.Geteuid() == 0 {
		account = "user = www-data\ngroup = www-data\nlisten.mode = 0666\n"
	}
	return fmt.Sprintf("[%s]\nlisten = %s\n%spm = static\npm.max_children = %d\npm.max_requests = %d\n", name, listen, account, workers, requests)
}

// Start starts a php-fpm that was stopped, and waits until it listens.
func (f *FPM) Start() {
	f.tb.Helper()
	f.cmd = exec.Command(f.binary, "-F", "-y", f.config)
	if err := f.cmd.Start(); err != nil {
		f.tb.Fatal(err)
	}
	network, address := f.Endpoint()
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

// Config has wsbridge use this php-fpm, and its pool for residents if it has one.
func (f *FPM) Config() string {
	config := fmt.Sprintf("php.fastcgi = %q\n", f.Address)
	if f.Residents != "" {
		config += fmt.Sprintf("php.resident_fastcgi = %q\n", f.Residents)
	}
	return config
}

// Endpoint is Address as arguments of net.Dial.
func (f *FPM) Endpoint() (network, address string) {
	network, address, _ = strings.Cut(f.Address, ":")
	return network, address
}

// Reload has php-fpm read its configuration anew, with new workers, as a deployment does.
func (f *FPM) Reload() error { return f.cmd.Process.Signal(syscall.SIGUSR2) }

// Resize gives the first pool another number of workers, and has php-fpm read that.
func (f *FPM) Resize(workers int) {
	f.tb.Helper()
	text, err := os.ReadFile(f.config)
	if err != nil {
		f.tb.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), "pm.max_children = ")
	_, rest, _ = strings.Cut(rest, "\n")
	f.write(fmt.Sprintf("%spm.max_children = %d\n%s", before, workers, rest))
	if err := f.Reload(); err != nil {
		f.tb.Fatal(err)
	}
}

// Workers lists the processes that run PHP; there are none while it begins anew.
func (f *FPM) Workers() []int { return Children(f.cmd.Process.Pid) }
