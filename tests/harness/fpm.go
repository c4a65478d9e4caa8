package harness

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/fastcgi/phpfpm"
)

// FPM is a php-fpm that is not wsbridge's own, as a site has it.
type FPM struct {
	cmd    *exec.Cmd
	socket string
}

// StartFPM starts a php-fpm with that many workers, whose reloads wait for what they run. The test's end stops it.
func StartFPM(tb testing.TB, workers int) *FPM {
	tb.Helper()
	binary, err := phpfpm.Find("")
	if err != nil {
		tb.Fatal(err)
	}
	dir := PublicDir(tb)
	f := &FPM{socket: filepath.Join(dir, "fpm.sock")}
	account := ""
	if os.Geteuid() == 0 {
		account = "user = www-data\ngroup = www-data\n"
	}
	config, log := filepath.Join(dir, "fpm.conf"), filepath.Join(dir, "fpm.log")
	pool := fmt.Sprintf("[global]\nerror_log = %s\ndaemonize = no\nprocess_control_timeout = 30s\n[www]\nlisten = %s\n%s"+
		"pm = static\npm.max_children = %d\npm.max_requests = 500\n", log, f.socket, account, workers)
	if err := os.WriteFile(config, []byte(pool), 0o644); err != nil {
		tb.Fatal(err)
	}
	f.cmd = exec.Command(binary, "-F", "-y", config)
	if err := f.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = f.cmd.Process.Signal(syscall.SIGTERM) // its master ends the workers; killed, it would leave them serving
		_ = f.cmd.Wait()                          // its status is that of a signal
		if text, err := os.ReadFile(log); err == nil && tb.Failed() {
			tb.Logf("php-fpm: %s", lastOf(string(text)))
		}
	})
	Eventually(tb, "php-fpm listens", f.listens)
	return f
}

func (f *FPM) listens() bool {
	conn, err := net.Dial("unix", f.socket)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// Config has wsbridge use this php-fpm.
func (f *FPM) Config() string { return fmt.Sprintf("php.fastcgi = %q\n", "unix:"+f.socket) }

// Reload has php-fpm read its configuration anew, with new workers, as a deployment does.
func (f *FPM) Reload() error { return f.cmd.Process.Signal(syscall.SIGUSR2) }

// Workers lists the processes that run PHP.
func (f *FPM) Workers() (pids []int) {
	master := strconv.Itoa(f.cmd.Process.Pid)
	children, _ := os.ReadFile("/proc/" + master + "/task/" + master + "/children") // none while it begins anew
	for _, field := range strings.Fields(string(children)) {
		if pid, err := strconv.Atoi(field); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
