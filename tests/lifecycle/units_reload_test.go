package lifecycle

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The units' ExecReload= lines, as systemd runs them.

// reloadsOf returns the commands with which a unit's service is reloaded, for this server. They end at the first that fails.
func reloadsOf(t *testing.T, s *harness.Server, unit string) (commands [][]string) {
	t.Helper()
	lines := regexp.MustCompile(`(?m)^ExecReload=(.+)$`).FindAllStringSubmatch(readFile(t, "../../deploy/systemd/"+unit), -1)
	if len(lines) == 0 {
		t.Fatalf("%s cannot be reloaded", unit)
	}
	fill := strings.NewReplacer("/usr/bin/wsbridge", harness.Program(), "/etc/wsbridge/wsbridge.toml", s.Path("wsbridge.toml"),
		"/etc/wsbridge/%i.toml", s.Path("wsbridge.toml"), "$MAINPID", strconv.Itoa(s.PID()))
	for _, line := range lines {
		commands = append(commands, strings.Fields(fill.Replace(line[1])))
	}
	return commands
}

// reloadAsUnit reloads as systemd does, which gives these commands the environment of the service.
func reloadAsUnit(s *harness.Server, commands [][]string) (out string, status int) {
	s.T.Helper()
	for _, args := range commands {
		cmd := exec.CommandContext(s.T.Context(), args[0], args[1:]...)
		cmd.Env = []string{"RUNTIME_DIRECTORY=" + s.Path("")}
		said, status := harness.Finish(s.T, cmd)
		if out += said; status != 0 {
			return out, status
		}
	}
	return out, 0
}

func TestReloadOfAUnitFailsWithWhatARestartWouldFailWith(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: "[server]\n", Handlers: countAndTell})
	s.Write("broken.php", "<?php function {")
	c := s.Connect()
	for _, unit := range []string{"wsbridge.service", "wsbridge@.service"} {
		commands := reloadsOf(t, s, unit)
		for toml, why := range map[string]string{
			"[server]\nempty_text = 1\n": "server.empty_text = 1: want true or false",
			"[server\n":                  "wsbridge.toml:4",
			"[php]\nevents_file = \"" + s.Path("broken.php") + "\"\n": "broken.php",
			// What needs a restart is not tried by a reload.
			"[server]\ntls_cert = \"none.pem\"\ntls_key = \"k\"\n": "none.pem",
			"[control]\ntoken_file = \"none\"\n":                   "control.token_file",
			"[control]\ngroup = \"nobody-is-in-it\"\n":             "control.group",
		} {
			s.Configure(toml)
			if out, status := reloadAsUnit(s, commands); status == 0 || !strings.Contains(out, why) {
				t.Errorf("%s: %q: exit status %d: %s", unit, toml, status, out)
			}
		}
		s.Configure("[server]\n")
		code := s.Read("push_server_events.php")
		s.Write("push_server_events.php", "<?php function {")
		if out, status := reloadAsUnit(s, commands); status == 0 || !strings.Contains(out, "the application's code cannot be loaded: ") {
			t.Errorf("%s: broken code, and the same configuration: exit status %d: %s", unit, status, out)
		}
		s.Write("push_server_events.php", code)
		s.Configure("[server]\nmax_message = \"1MiB\"\nlisten = \"127.0.0.1:1\"\n")
		out, status := reloadAsUnit(s, commands)
		if status != 0 || !strings.Contains(out, "after a restart: server.listen") {
			t.Errorf("%s: a good configuration: exit status %d: %s", unit, status, out)
		}
		s.Configure("[server]\n")
		if out, status := reloadAsUnit(s, commands); status != 0 || !strings.Contains(out, "changed: server.max_message") {
			t.Errorf("%s: the configuration from before: exit status %d: %s", unit, status, out)
		}
	}
	if got := c.Ask("x"); !strings.HasPrefix(got, "1 ") {
		t.Errorf("got %q", got)
	}
}

// Nobody can ask a server without a control address, or one whose address the file has just changed.
func TestReloadOfAUnitWithoutAControlAddress(t *testing.T) {
	t.Parallel()
	for name, listen := range map[string][2]string{"none": {`""`, `""`}, "changed": {`"auto"`, `"127.0.0.1:9"`}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			configure := func(s *harness.Server, listen, more string) {
				s.Configure("[control]\nlisten = " + listen + "\n" + more)
			}
			a := harness.App{TOML: "[control]\nlisten = " + listen[0] + "\n", Handlers: countAndTell}
			s := harness.Serve(t, a)
			commands := reloadsOf(t, s, "wsbridge.service")
			configure(s, listen[1], "[log]\nlevel = \"debug\"\n")
			if out, status := reloadAsUnit(s, commands); status != 0 {
				t.Errorf("exit status %d: %s", status, out)
			}
			s.Log.Wait("configuration reloaded", "log.level")
			configure(s, listen[1], "[log]\nlevel = \"loud\"\n")
			if out, status := reloadAsUnit(s, commands); status == 0 || !strings.Contains(out, `"loud"`) {
				t.Errorf("a mistake: exit status %d: %s", status, out)
			}
			if n := s.Log.Count("not reloaded"); n > 0 {
				t.Errorf("the server was asked %d times to read a file with a mistake", n)
			}
		})
	}
}

func TestUnitsReloadTheFileThatTheyServe(t *testing.T) {
	for _, unit := range []string{"wsbridge.service", "wsbridge@.service"} {
		text := readFile(t, filepath.Join("../../deploy/systemd", unit))
		files := regexp.MustCompile(`(?m)^Exec(?:Start|Reload)=.* --config (\S+)`).FindAllStringSubmatch(text, -1)
		if len(files) != 2 || files[0][1] != files[1][1] {
			t.Errorf("%s: got %q", unit, files)
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
