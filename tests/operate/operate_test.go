package operate

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// commandLine is wsbridge's command line, for this server.
func commandLine(s *harness.Server, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(s.T.Context(), harness.Program(), args...)
	cmd.Env = append(os.Environ(), "WSBRIDGE_CONTROL="+s.ControlSocket())
	return cmd
}

// operate runs a command and returns what it wrote, both to output and errors, and its exit status.
func operate(s *harness.Server, args ...string) (out string, status int) {
	s.T.Helper()
	return harness.Finish(s.T, commandLine(s, args...))
}

// wants runs a command, which has to end well, and looks for each of the patterns in what it wrote.
func wants(s *harness.Server, args []string, patterns ...string) {
	s.T.Helper()
	out, status := operate(s, args...)
	if status != 0 {
		s.T.Errorf("%q: exit status %d: %s", args, status, out)
	}
	matches(s, args, out, patterns...)
}

func matches(s *harness.Server, args []string, out string, patterns ...string) {
	s.T.Helper()
	for _, pattern := range patterns {
		if !regexp.MustCompile("(?m)" + pattern).MatchString(out) {
			s.T.Errorf("%q: no %q in\n%s", args, pattern, out)
		}
	}
}

const lounge = `
function ws_server_open(&$connections,&$connection,$client_key)
{
	$connection["room"]="lobby";
	$connection["login"]=isset($_COOKIE["login"]) ? $_COOKIE["login"] : "";
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="throw") { throw new Exception("no\nsuch \x1b[31mroom"); }
	send_text($client_key,strtoupper($msg));
}
function ws_server_fifo(&$server,&$sockets,&$connections,&$document)
{
	if ($document=="fail") { throw new Exception("bad document"); }
	if ($document=="slow") { sleep(2); }
	broadcast_to_all($document);
	return array("to"=>count($connections));
}`

func TestOperatorSeesTheServerInTables(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: lounge})
	anna, bert := s.ConnectAs("login=anna"), s.ConnectAs("login=bert")
	anna.Ask("hello")
	bert.Ask("hello")
	wants(s, []string{"status"}, `takes clients$`, `^clients +2 open, 0 coming or leaving; 2 let in, 0 refused so far$`,
		`^php-fpm +\d[^,]*, wsbridge's own`, `^events .* done`, `^  alone +\d+ `, `^handlers, isolation auto$`,
		`^  ws_server_fifo +\d parameters +in the alone worker, in one order .*, push_server_events\.php:\d+$`)
	wants(s, []string{"connections", "--fields", "login,room"}, `^KEY +STATE +ADDRESS .* LOGIN +ROOM$`,
		`^1 +OPEN +127\.0\.0\.1:\d+ .* anna +lobby$`, `^2 +OPEN .* bert +lobby$`)
	if out, _ := operate(s, "connections", "--where", "login=b*", "--state", "OPEN"); strings.Count(out, "\n") != 2 || !strings.Contains(out, "\n2 ") {
		t.Errorf("got %s", out)
	}
	wants(s, []string{"connections", "--limit", "1"}, `^… and 1 more`)
	wants(s, []string{"show", "1"}, `^connection 1 +OPEN$`, `^  login +anna$`, `^path +/`, `^received +1 message, 5 B$`, `^  .* text +5 B`)
	wants(s, []string{"log", "warn"}, `^warn$`)
	wants(s, []string{"log"}, `^warn$`)
	wants(s, []string{"reload"}, `.`)
	wants(s, []string{"errors"}, `^no event has failed$`)
	anna.Send("throw")
	harness.Eventually(t, "the failure is listed", func() bool {
		out, _ := operate(s, "errors")
		return regexp.MustCompile(`(?m)^\d+s +1 +text +1 +exception: Exception: no such .*room at \S+push_server_events\.php:\d+$`).MatchString(out)
	})
	if out, _ := operate(s, "errors"); strings.Contains(out, "\x1b") {
		t.Errorf("an escape sequence reaches the terminal: %q", out)
	}
}

func TestOperatorActsOnClients(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: lounge})
	anna, bert := s.ConnectAs("login=anna"), s.ConnectAs("login=bert")
	anna.Ask("hello")
	bert.Ask("hello")
	wants(s, []string{"send", "1", "grüße"}, `on their way to 1$`)
	anna.Want("grüße")
	piped := commandLine(s, "send", "2", "--binary")
	piped.Stdin = bytes.NewReader([]byte{0, 0xff})
	if out, status := harness.Finish(s.T, piped); status != 0 {
		t.Errorf("got %d, %s", status, out)
	}
	if _, data := bert.Next(); string(data) != "\x00\xff" {
		t.Errorf("got %q", data)
	}
	wants(s, []string{"broadcast", "to b", "--where", "login=bert"}, `on their way to 1 client$`)
	wants(s, []string{"broadcast", "to all"}, `on their way to 2 clients$`)
	bert.Want("to b")
	harness.WantAll([]*harness.Client{anna, bert}, "to all")
	wants(s, []string{"fifo", "news"}, `^handled in .*: 2 messages sent, 0 clients closed, 0 rows changed$`, `^returned \{"to":2\}$`)
	harness.WantAll([]*harness.Client{anna, bert}, "news")
	wants(s, []string{"close", "1", "--code", "4001", "--reason", "moved"}, `^connection 1 is being closed with 4001$`)
	if code, reason := anna.Closed(); code != 4001 || reason != "moved" {
		t.Errorf("closed with %d %q", code, reason)
	}
	wants(s, []string{"pause"}, `^paused`)
	wants(s, []string{"status"}, `is paused`)
	if out, status := operate(s, "health"); status != 1 || !strings.Contains(out, "paused") {
		t.Errorf("health of a paused server: %d %s", status, out)
	}
	wants(s, []string{"resume"}, `^events run$`)
	wants(s, []string{"drain", "--wait"}, `^the server has ended$`)
	if code, _ := bert.Closed(); code != 1001 {
		t.Errorf("closed with %d", code)
	}
	s.Wait()
}

func TestOperatorIsToldWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: lounge})
	s.Connect().Ask("hello")
	for _, tt := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"show", "99"}, 1, "no connection 99"},
		{[]string{"show", "x"}, 2, `"x" is no connection`},
		{[]string{"show"}, 2, `want wsbridge show KEY`},
		{[]string{"status", "now"}, 2, `unexpected argument "now"`},
		{[]string{"workers", "replace"}, 2, `unexpected argument "replace"`},
		{[]string{"send", "1", "\xff"}, 1, "utf-8"},
		{[]string{"close", "1", "--code", "1005"}, 1, "1005"},
		{[]string{"connections", "--where", "login"}, 2, "want FIELD=VALUE"},
		{[]string{"tail", "--event", "texts"}, 2, "texts"},
		{[]string{"log", "loud"}, 1, "loud"},
		{[]string{"fifo", "fail"}, 1, `bad document.*push_server_events\.php:\d+`},
		{[]string{"fifo", "slow", "--timeout", "200ms"}, 1, "may"},
		{[]string{"fifo", "x", "--timeout", "0s"}, 2, "more than zero"},
		{[]string{"status", "--control", "unix:" + s.Path("nowhere")}, 1, "is wsbridge running"},
		{[]string{"status", "--control", s.Address}, 1, "."},
		{[]string{"status", "--control", "somewhere"}, 2, `want "unix:/path"`},
		{[]string{"status", "--config", s.Path("none.toml")}, 2, "none.toml"},
	} {
		out, status := operate(s, tt.args...)
		if status != tt.status || strings.Count(out, "\n") != 1 {
			t.Errorf("%q: exit status %d, want %d: %s", tt.args, status, tt.status, out)
		}
		matches(s, tt.args, out, tt.want)
	}
	if os.Geteuid() == 0 {
		cmd := commandLine(s, "status")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		program := s.Path("wsbridge") // where everybody may run it
		if err := os.Link(harness.Program(), program); err == nil {
			cmd.Path = program
		}
		if out, status := harness.Finish(s.T, cmd); status != 1 || !strings.Contains(out, "try sudo") {
			t.Errorf("as another user: %d %s", status, out)
		}
	}
}

func TestOperatorGetsJSON(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: lounge})
	s.ConnectAs("login=anna").Ask("hello")
	for _, args := range [][]string{
		{"status"}, {"connections", "--fields", "login"}, {"show", "1"}, {"errors"}, {"log"}, {"health"}, {"workers"}, {"workers", "recycle"}, {"pause"}, {"resume"}, {"reload"},
		{"send", "1", "x"}, {"broadcast", "x"}, {"fifo", "x"}, {"close", "1"},
	} {
		out, status := operate(s, append(args, "--json")...)
		if status != 0 || !json.Valid([]byte(out)) || strings.TrimSpace(out)[0] != '{' {
			t.Errorf("%q: exit status %d: %s", args, status, out)
		}
	}
}

func TestOperatorSeesEventsLive(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: lounge})
	c := s.Connect()
	c.Ask("certain") // from here on the program knows the code
	for _, tt := range []struct {
		args     []string
		patterns []string
		not      string
	}{
		{[]string{"tail", "--count", "2"}, []string{`^\d\d:\d\d:\d\d\.\d{3}  text of 1  \S+ = queue \S+ \+ connect \S+ \+ wait \S+ \+ run \S+ \+ apply \S+, worker \d+$`,
			`^    ← 5 B$`, `^    → 5 B to 1$`, `^    ✗ exception: Exception: no such .*room at \S+push_server_events\.php:\d+$`}, "(?i)hello|\x1b"},
		{[]string{"tail", "--count", "2", "--payloads", "--client", "1", "--event", "text"}, []string{`^    ← 5 B  hello$`, `^    → 5 B to 1  HELLO$`}, "\x1b"},
		{[]string{"tail", "--count", "2", "--json"}, []string{`^\{.*"event":"text".*"effects":\[`}, "hello"},
	} {
		var out bytes.Buffer
		cmd := commandLine(s, tt.args...)
		cmd.Stdout, cmd.Stderr = &out, os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		over := false
		for !over { // until the tail has begun
			c.Ask("hello")
			c.Send("throw")
			select {
			case err := <-ended:
				over = true
				if err != nil {
					t.Errorf("%q: %v", tt.args, err)
				}
			case <-time.After(100 * time.Millisecond):
			}
		}
		matches(s, tt.args, out.String(), tt.patterns...)
		if regexp.MustCompile(tt.not).MatchString(out.String()) {
			t.Errorf("%q: %q in %q", tt.args, tt.not, out.String())
		}
	}
}

// Text of a client's choice does nothing to the terminal.
func TestOperatorsTerminalIsSafe(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: lounge})
	s.ConnectAs("login=evil%1b]0;owned%07%0anext%e2%80%aeline").Ask("hello")
	for _, args := range [][]string{{"connections", "--fields", "login"}, {"show", "1"}} {
		out, status := operate(s, args...)
		if status != 0 || !strings.Contains(out, "evil") || strings.ContainsAny(out, "\x1b\x07\u202e") || strings.Contains(out, "\nnext") {
			t.Errorf("%q: %q", args, out)
		}
	}
}

func TestOperatorWatches(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: lounge})
	cmd := commandLine(s, "status", "--watch", "--interval", "100ms")
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	shown := make(chan string, 1)
	go func() {
		var text strings.Builder
		buf := make([]byte, 4096)
		for asked := false; ; {
			n, err := terminal.Read(buf)
			text.Write(buf[:n])
			if err != nil { // EIO when the command has ended
				shown <- text.String()
				return
			}
			if !asked && strings.Count(text.String(), "takes clients") >= 3 { // one read may bring several
				asked = true                     // a second one would kill it
				_, _ = terminal.Write([]byte{3}) // Ctrl-C
			}
		}
	}()
	select {
	case text := <-shown:
		if !strings.HasPrefix(text, "\x1b[?1049h\x1b[H") || !strings.HasSuffix(text, "\x1b[?1049l") || strings.Count(text, "\x1b[H") < 3 {
			t.Errorf("got %q", text)
		}
	case <-time.After(harness.Patience):
		t.Error("it does not end")
		_ = cmd.Process.Kill()
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestOperatorFindsTheServer(t *testing.T) {
	t.Parallel()
	s, address := operated(t, "token_file = \"DIR/token\"\n")
	s.Write("control.toml", "[php]\nevents_file = \"/e.php\"\n[control]\nlisten = \""+address+"\"\ntoken_file = \"token\"\n")
	for name, args := range map[string][]string{
		"flags":         {"--control", address, "--token-file", s.Path("token")},
		"URL":           {"--control", "http://" + address + "/", "--token-file", s.Path("token")},
		"configuration": {"--control", address, "--config", s.Path("control.toml")}, // which has the token
	} {
		if out, status := operate(s, append([]string{"health"}, args...)...); status != 0 || out != "ready\n" {
			t.Errorf("%s: %d %s", name, status, out)
		}
	}
	if out, status := operate(s, "status", "--control", address); status != 1 || !strings.Contains(out, "--token-file") {
		t.Errorf("without the token: %d %s", status, out)
	}
	folder := commandLine(s, "health") // systemd gives the command the server's folder
	folder.Env = append(os.Environ(), "RUNTIME_DIRECTORY="+harness.Serve(t, harness.App{Handlers: harness.Echo}).Path(""))
	if out, status := harness.Finish(s.T, folder); status != 0 {
		t.Errorf("by default: %d %s", status, out)
	}
}

func TestShellCompletesWhatThereIs(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: lounge})
	s.Connect().Ask("hello")
	wants(s, []string{"__complete", "show", ""}, `^1\t127\.0\.0\.1:\d+$`)
	wants(s, []string{"__complete", "close", "1"}, `^1\t`)
	wants(s, []string{"__complete", "tail", "--event", "te"}, `^text$`)
	wants(s, []string{"__complete", "log", ""}, `^debug$`, `^error$`)
	wants(s, []string{"__complete", "sta"}, `^status\t`)
	out, _ := operate(s, "completion", "bash")
	check := exec.Command("bash", "-n")
	check.Stdin = strings.NewReader(out)
	if text, err := check.CombinedOutput(); err != nil || len(out) < 1000 {
		t.Errorf("%d bytes, %v: %s", len(out), err, text)
	}
}
