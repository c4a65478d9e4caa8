package lifecycle

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// nobody is an account without any rights, by number: it need not have a name.
const nobody = 65534

// file is a file's mode and owner.
type file struct {
	mode  os.FileMode
	owner uint32
}

// settled prepares an application whose server has its run-time folder below its own, and a control socket.
func settled(t *testing.T, a harness.App) *harness.Server {
	t.Helper()
	s := harness.Prepare(t, a)
	if err := os.Mkdir(s.Path("run"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.Write("wsbridge.toml", s.Read("wsbridge.toml")+"[php]\nrun_dir = \"run\"\n[control]\nlisten = \""+s.ControlSocket()+"\"\n")
	return s
}

// private checks the run-time folder, the sockets and a worker of a server that owner runs.
func private(s *harness.Server, dir os.FileMode, owner, worker uint32) {
	s.T.Helper()
	runDirs, err := filepath.Glob(s.Path("run/wsbridge-*"))
	if err != nil || len(runDirs) != 1 {
		s.T.Fatalf("got %q, %v", runDirs, err)
	}
	run := runDirs[0]
	fpm := filepath.Join(run, "1") // the first one's, until a reload starts another
	for path, want := range map[string]file{
		run:                                {dir, owner},
		s.Path("control.sock"):             {0o600, owner},
		fpm:                                {0o700, owner},
		filepath.Join(fpm, "php-fpm.sock"): {0o600, owner},
		filepath.Join(fpm, "status.sock"):  {0o600, owner},
		fmt.Sprint("/proc/", harness.Children(s.FPMMaster())[0]): {0o555, worker},
	} {
		info, err := os.Stat(path)
		if err != nil {
			s.T.Fatal(err)
		}
		if got := (file{info.Mode().Perm(), info.Sys().(*syscall.Stat_t).Uid}); got != want {
			s.T.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

// Files that could do harm in other hands are for their owner only, whatever the umask. Where root runs the server, the
// workers are another user, who reaches the files of the run-time folder but cannot list them.
func TestFilesArePrivate(t *testing.T) {
	old := syscall.Umask(0)
	t.Cleanup(func() { syscall.Umask(old) })
	a := harness.App{Handlers: harness.Echo, TOML: "[server]\n"}
	s := settled(t, a)
	s.Run(a)
	owner := uint32(os.Geteuid())
	if owner != 0 {
		private(s, 0o700, owner, owner)
		return
	}
	workers, err := user.Lookup("www-data")
	if err != nil {
		t.Fatal(err)
	}
	id, err := strconv.ParseUint(workers.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	private(s, 0o711, owner, uint32(id))
}

// wsbridge needs no root: neither to start, nor for its own php-fpm, the pipe, the sockets and a reload.
func TestNoRootIsNeeded(t *testing.T) {
	t.Parallel()
	certificate := harness.NewCertificate(t, "x")
	a := harness.App{TOML: harness.TLSFiles, Handlers: harness.Echo + `
function ws_server_fifo(&$server,&$sockets,&$connections,&$data) { broadcast_to_all($data); }`}
	s := settled(t, a)
	s.Install(certificate)
	s.Trust = harness.Trust(certificate)
	owner := os.Geteuid()
	if owner == 0 {
		owner = nobody
		s.Owner = &syscall.Credential{Uid: nobody, Gid: nobody}
		if err := os.Chown(s.Path("run"), nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	s.Run(a)
	c := s.Connect()
	if got := c.Ask("hello"); got != "hello" {
		t.Errorf("got %q", got)
	}
	s.WritePipe("{\"document\":1}\n")
	c.Want(`{"document":1}`)
	s.Signal(syscall.SIGHUP)
	s.Log.Wait("configuration reloaded")
	private(s, 0o700, uint32(owner), uint32(owner))
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^CapEff:\t0+$`).Match(status) {
		t.Errorf("it has capabilities:\n%s", status)
	}
	if status := s.Stop(c); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if _, err := os.Stat(s.Path("ws_notify")); !os.IsNotExist(err) {
		t.Errorf("the pipe is left: %v", err)
	}
}
