package operate

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// beside serves an application whose control socket is where systemd would let a unit of that name make it.
func beside(t *testing.T, run, unit string) *harness.Server {
	t.Helper()
	a := harness.App{Handlers: lounge, TOML: "[php]\nworkers = 1\n"}
	s := harness.Prepare(t, a)
	folder := filepath.Join(run, unit)
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(harness.Program(), s.Arguments(a)...)
	cmd.Env = []string{"RUNTIME_DIRECTORY=" + folder}
	s.Launch(cmd)
	s.AwaitListening()
	return s
}

// somebody is an operator whose environment leads to no server, or to those of one folder.
func somebody(s *harness.Server, run string, args ...string) (out string, status int) {
	s.T.Helper()
	cmd := exec.CommandContext(s.T.Context(), harness.Program(), args...)
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+run)
	return harness.Finish(s.T, cmd)
}

func TestConfigurationLeadsToItsOwnServer(t *testing.T) {
	t.Parallel()
	run := harness.PublicDir(t)
	first, shop := beside(t, run, "wsbridge"), beside(t, run, "wsbridge-shop")
	for _, s := range []*harness.Server{first, shop} {
		out, status := somebody(s, run, "status", "--config", s.Path("wsbridge.toml"))
		if status != 0 || !strings.Contains(out, s.Address) {
			t.Errorf("%s: exit status %d: %s", s.Address, status, out)
		}
	}
	if err := os.Symlink(shop.Path("wsbridge.toml"), shop.Path("another name.toml")); err != nil {
		t.Fatal(err)
	}
	if out, status := somebody(shop, run, "drain", "--wait", "--config", shop.Path("another name.toml")); status != 0 {
		t.Errorf("exit status %d: %s", status, out)
	}
	if status := shop.Wait(); status != 0 {
		t.Errorf("the drained server ended with %d", status)
	}
	if got := first.Connect().Ask("still here"); got != "STILL HERE" {
		t.Errorf("the other server: got %q", got)
	}
	out, status := somebody(first, run, "drain", "--wait", "--config", shop.Path("wsbridge.toml"))
	if status != 1 || !strings.Contains(out, first.Path("wsbridge.toml")) || !strings.Contains(out, shop.Path("wsbridge.toml")) {
		t.Errorf("drain of a server that has ended: exit status %d: %s", status, out)
	}
	if got := first.Connect().Ask("still here"); got != "STILL HERE" {
		t.Errorf("the other server: got %q", got)
	}
}

// The other's address may be in the file, too.
func TestConfigurationRefusesAnotherServer(t *testing.T) {
	t.Parallel()
	s := harness.Prepare(t, harness.App{Handlers: lounge})
	s.WriteToken()
	a := harness.App{TOML: fmt.Sprintf("[control]\nlisten = [\"auto\", \"127.0.0.1:0\"]\ntoken_file = %q\n", s.Path("token"))}
	s.Configure(a.TOML)
	s.Run(a)
	address := s.Log.Wait("control is reachable", "127.0.0.1")["address"].(string)
	const other = "[php]\nevents_file = \"/e.php\"\n[control]\nlisten = %q\ntoken_file = \"token\"\n"
	s.Write("socket.toml", fmt.Sprintf(other, s.ControlSocket()))
	s.Write("tcp.toml", fmt.Sprintf(other, address))
	for _, command := range []string{"drain", "health", "reload", "pause"} {
		for _, file := range []string{"socket.toml", "tcp.toml"} {
			out, status := operate(s, command, "--config", s.Path(file))
			if status != 1 || !strings.Contains(out, s.Path(file)) ||
				!strings.Contains(out, s.Path("wsbridge.toml")) && !strings.Contains(out, "another configuration") {
				t.Errorf("%s --config %s: exit status %d: %s", command, file, status, out)
			}
		}
	}
	wants(s, []string{"health"}, `^ready$`)
}

// A file that was edited since its server started leads to that server all the same, unless the mistake is about the way to it.
func TestConfigurationWithMistakesLeadsToItsServer(t *testing.T) {
	t.Parallel()
	run := harness.PublicDir(t)
	s := beside(t, run, "wsbridge")
	good := s.Read("wsbridge.toml")
	edit := func(text string) { s.Write("wsbridge.toml", text) }
	ask := func(args ...string) (out string, status int) {
		return somebody(s, run, append(args, "--config", s.Path("wsbridge.toml"))...)
	}
	for mistake, warning := range map[string]string{
		"\n[log]\nlevle = 1\n": "warning: .*log.levle: unknown key: did you mean log.level",
		"\n[log\n":             "warning: .*expected",
	} {
		edit(good + mistake)
		out, status := ask("status")
		if status != 0 || !strings.Contains(out, s.Address) {
			t.Errorf("%q: exit status %d: %s", mistake, status, out)
		}
		matches(s, []string{mistake}, out, warning)
		if out, status = ask("reload"); status != 2 || strings.Contains(out, "warning") {
			t.Errorf("%q: reload: exit status %d: %s", mistake, status, out)
		}
	}
	edit(good + "\n[contrl]\nlisten = \"auto\"\n")
	out, status := ask("drain", "--wait")
	if status != 2 || !strings.Contains(out, "did you mean [control]?") {
		t.Errorf("a mistake about the socket: exit status %d: %s", status, out)
	}
	if got := s.Connect().Ask("still here"); got != "STILL HERE" {
		t.Errorf("got %q", got)
	}
	edit(good + "\n[log]\nlevle = 1\n")
	if out, status = ask("drain", "--wait"); status != 0 {
		t.Errorf("exit status %d: %s", status, out)
	}
	if status := s.Wait(); status != 0 {
		t.Errorf("the server ended with %d", status)
	}
}

// Who may only ask for health is not told the file's name.
func TestNameOfTheConfigurationIsForOperators(t *testing.T) {
	t.Parallel()
	s, address := operated(t, "token_file = \"DIR/token\"\n")
	for path, want := range map[string]int{"/healthz": 421, "/readyz": 421, "/metrics": 401, "/v1/log": 401} {
		status, _, body := reach(s, "GET", "http://"+address+path, "Wsbridge-Config: /other.toml")
		if status != want || strings.Contains(body, s.Dir) {
			t.Errorf("%s: got %d %s", path, status, body)
		}
	}
	if status, _, body := reach(s, "GET", "http://"+address+"/healthz", "Wsbridge-Config: "+s.Path("wsbridge.toml")); status != 200 {
		t.Errorf("its own: got %d %s", status, body)
	}
}
