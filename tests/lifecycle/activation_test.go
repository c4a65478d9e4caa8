package lifecycle

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Sockets that a service manager passes (sd_listen_fds(3)).

// activated returns a command that becomes wsbridge, with sockets from descriptor 3 on. Their names are joined by
// colons.
func activated(t *testing.T, s *harness.Server, a harness.App, names string, sockets ...*os.File) *exec.Cmd {
	t.Helper()
	// LISTEN_PID must be the program's own, which is the shell's before exec.
	cmd := exec.Command("sh", append([]string{"-c", `LISTEN_PID=$$ exec "$0" "$@"`, harness.Program()}, s.Arguments(a)...)...)
	cmd.Env = []string{fmt.Sprintf("LISTEN_FDS=%d", len(sockets)), "LISTEN_FDNAMES=" + names}
	cmd.ExtraFiles = sockets
	return cmd
}

// tcpSocket is a listening socket as a service manager has it, and its address.
func tcpSocket(t *testing.T) (*os.File, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, l.Addr().String()
}

func TestClientsOfAPassedSocketWaitForTheProgram(t *testing.T) {
	t.Parallel()
	socket, address := tcpSocket(t)
	a := harness.App{Handlers: harness.Echo}
	for life := range 2 { // as a restart has it
		s := harness.Prepare(t, a)
		s.Address = address
		asked := make(chan error, 1)
		go func() {
			c, _, err := s.Dial("/", harness.Headers("login=anna"))
			if err == nil {
				var got string
				_, err = c.TryAsk("early", "%s", &got)
				c.HangUp()
			}
			asked <- err
		}()
		s.Launch(activated(t, s, a, "wsbridge.socket", socket))
		if err := <-asked; err != nil {
			t.Errorf("life %d: %v", life, err)
		}
		if got := s.Log.Wait("listening")["address"]; got != address {
			t.Errorf("listens at %v, want %s", got, address)
		}
		if status := s.Stop(); status != 0 {
			t.Errorf("exit status %d", status)
		}
	}
}

func TestPassedControlSocketIsServed(t *testing.T) {
	t.Parallel()
	clients, address := tcpSocket(t)
	a := harness.App{Handlers: harness.Echo, TOML: "[server]\n"}
	s := harness.Prepare(t, a)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: s.Path("control.sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	control, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer control.Close()
	s.Address = address
	s.Launch(activated(t, s, a, "clients:control", clients, control))
	if status, body := s.Get("/healthz"); status != 200 || body != "alive\n" {
		t.Errorf("got %d %q", status, body)
	}
	if got := s.Connect().Ask("x"); got != "x" {
		t.Errorf("got %q", got)
	}
	for _, pid := range append(harness.Children(s.FPMMaster()), s.FPMMaster()) {
		if inherits(t, pid, clients) || inherits(t, pid, control) {
			t.Errorf("process %d of php-fpm has inherited a socket", pid)
		}
	}
}

// inherits reports whether a process has the same socket open.
func inherits(t *testing.T, pid int, socket *os.File) bool {
	t.Helper()
	inode := func(path string) string {
		link, err := os.Readlink(path)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return link
	}
	want := inode(fmt.Sprintf("/proc/self/fd/%d", socket.Fd()))
	if !strings.HasPrefix(want, "socket:") {
		t.Fatalf("%q is no socket", want)
	}
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(files) == 0 {
		t.Fatalf("process %d: no open files, %v", pid, err)
	}
	for _, file := range files {
		if inode(file) == want {
			return true
		}
	}
	return false
}

func TestPassedSocketsOfNoUseAreRefused(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: harness.Echo}
	first, _ := tcpSocket(t)
	second, address := tcpSocket(t)
	datagrams, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	udp, err := datagrams.File()
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	local, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	unix, err := local.File()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	for name, row := range map[string]struct {
		names   string
		sockets []*os.File
		want    []string
	}{
		"datagrams":       {"clients", []*os.File{udp}, []string{`socket "clients"`, "ListenStream="}},
		"unix":            {"clients", []*os.File{unix}, []string{`socket "clients"`, "clients come by TCP"}},
		"two for clients": {"a:b", []*os.File{first, second}, []string{`socket "b"`, "FileDescriptorName=control"}},
		"control alone":   {"control", []*os.File{second}, []string{"none for clients"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := harness.Prepare(t, a)
			s.Address = address
			s.Launch(activated(t, s, a, row.names, row.sockets...))
			if status := s.Wait(); status != 1 {
				t.Errorf("exit status %d", status)
			}
			s.WantError(row.want...)
		})
	}
}
