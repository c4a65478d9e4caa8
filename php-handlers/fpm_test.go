package phphandlers

import (
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fpm is a test's own php-fpm on a private socket. If the test runs as root, its workers run as www-data.
type fpm struct {
	dir    string // readable by its workers; the unpacked PHP half is in "php"
	socket string
	log    string

	folders int // of applications that have one of their own
}

// startFPM starts a php-fpm that ends with the test.
func startFPM(t testing.TB, ini map[string]string) *fpm {
	t.Helper()
	dir := publicDir(t)
	f := &fpm{dir: dir, socket: filepath.Join(dir, "fpm.sock"), log: filepath.Join(dir, "fpm.log")}
	if err := Unpack(filepath.Join(dir, "php")); err != nil {
		t.Fatal(err)
	}
	conf := f.write(t, "fpm.conf", f.config(ini))
	cmd := exec.Command(fpmBinary(t), "--nodaemonize", "--fpm-config", conf, "--allow-to-run-as-root")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	f.awaitSocket(t)
	return f
}

func (f *fpm) config(ini map[string]string) string {
	lines := []string{"[global]", "error_log = " + f.log, "[www]", "listen = " + f.socket,
		"pm = static", "pm.max_children = 2", "php_value[opcache.revalidate_freq] = 0"}
	if os.Getuid() == 0 {
		lines = append(lines, "user = www-data", "group = www-data")
	}
	for name, value := range ini { // "env[NAME]" is a setting of the pool's
		if !strings.HasPrefix(name, "env[") {
			name = "php_value[" + name + "]"
		}
		if value == "" || strings.Contains(value, ";") {
			value = `"` + value + `"`
		}
		lines = append(lines, name+" = "+value)
	}
	return strings.Join(lines, "\n") + "\n"
}

func (f *fpm) awaitSocket(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if conn, err := net.Dial("unix", f.socket); err == nil {
			_ = conn.Close()
			return
		}
	}
	log, _ := os.ReadFile(f.log)
	t.Fatalf("php-fpm does not listen: %s", log)
}

func (f *fpm) path(name string) string { return filepath.Join(f.dir, name) }

// write writes a file that php-fpm's workers can read, and returns its path.
func (f *fpm) write(t testing.TB, name, content string) string {
	t.Helper()
	path := f.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func (f *fpm) read(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(f.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// publicDir returns a temporary folder that other users can enter and write to, unlike T.TempDir's.
func publicDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "wsbridge-php-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// versions end the names of Debian's programs. The name without one comes first.
var versions = []string{"8.6", "8.5", "8.4", "8.3", "8.2", "8.1", "8.0", "7.4"}

func fpmBinary(t testing.TB) string {
	return findBinary(t, "php-fpm", versions...)
}

func phpBinary(t testing.TB) string { return findBinary(t, "php", versions...) }

func findBinary(t testing.TB, name string, versions ...string) string {
	t.Helper()
	for _, version := range append([]string{""}, versions...) {
		for _, candidate := range []string{name + version, "/usr/sbin/" + name + version} {
			if path, err := exec.LookPath(candidate); err == nil {
				return path
			}
		}
	}
	t.Fatalf("no %s is installed: run make test, which installs it", name)
	return ""
}

// workerUser returns the user that php-fpm's workers run as.
func workerUser(t testing.TB) string {
	t.Helper()
	if os.Getuid() == 0 {
		return "www-data"
	}
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

// makeUnreadable makes a file unreadable to php-fpm's workers.
func makeUnreadable(t testing.TB, path string) {
	t.Helper()
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
}
