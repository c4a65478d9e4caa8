package operate

import (
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/creack/pty"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// hostile acts on a terminal in several ways: it sets a title, rings the bell, sets a colour with one control character
// (C1), turns the direction of writing, and imitates a line of wsbridge's.
const hostile = "evil\x1b]0;owned\x07\u009b31m\u202e\nwsbridge: all is well"

// malice sends and returns hostile, written with PHP's escapes.
const malice = `
function evil() { return "evil\x1b]0;owned\x07\u{9b}31m\u{202e}\nwsbridge: all is well"; }
function ws_server_open(&$connections,&$connection,$client_key) { $connection["login"]=evil(); }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="fail") { throw new Exception(evil()); }
	if ($msg=="close") { close_client($client_key,4000,"moved\u{202e}"); }
	send_text($client_key,evil());
}
function ws_server_fifo(&$server,&$sockets,&$connections,&$document)
{
	if ($document=="fail") { throw new Exception(evil()); }
	return evil();
}`

// No command lets text of clients and handlers act on the terminal: not as a table, as an error or as JSON.
func TestNothingActsOnTheOperatorsTerminal(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: malice})
	c := s.Connect()
	c.Ask("x")
	c.Send("fail")
	harness.Eventually(t, "the failure is listed", func() bool { out, _ := operate(s, "errors"); return strings.Contains(out, "evil") })
	for _, args := range [][]string{
		{"connections", "--fields", "login"}, {"show", "1"}, {"errors"}, {"fifo", "x"}, {"fifo", "fail"}, {"send", "1", hostile},
	} {
		for _, more := range [][]string{nil, {"--json"}} {
			out, _ := operate(s, append(args, more...)...)
			if args[0] != "send" && !strings.Contains(out, "evil") {
				t.Errorf("%q: not shown in %q", args, out)
			}
			wantHarmless(t, out)
		}
	}
	c.Want(hostile)
	c.Want(hostile)
}

func TestNothingInATailActsOnTheTerminal(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: malice})
	for _, format := range []string{"--json=false", "--json"} {
		c := s.Connect()
		out := whileTailing(s, func() { c.Send("fail"); c.Ask(hostile) }, format, "--payloads", "--count", "4")
		if strings.Count(out, "evil") < 4 {
			t.Errorf("got %q", out)
		}
		wantHarmless(t, out)
		if first, _, _ := strings.Cut(out, "\n"); format == "--json" && !json.Valid([]byte(first)) {
			t.Errorf("got %q", first)
		}
	}
}

// whileTailing calls do again and again until the tail command ends, and returns what that wrote.
func whileTailing(s *harness.Server, do func(), args ...string) string {
	s.T.Helper()
	cmd := commandLine(s, append([]string{"tail"}, args...)...)
	var out harness.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var err error
	harness.Eventually(s.T, "the tail ends", func() bool {
		do()
		select {
		case err = <-ended:
			return true
		default:
			return false
		}
	})
	if err != nil {
		s.T.Errorf("tail: %v", err)
	}
	return out.String()
}

func wantHarmless(t *testing.T, out string) {
	t.Helper()
	if strings.ContainsAny(out, "\x1b\x07\u009b\u202e") || strings.Contains(out, "\nwsbridge: all is well") {
		t.Errorf("this would act on a terminal: %q", out)
	}
}

// In a pipe, nothing moves a cursor.
func TestWatchThroughAPipe(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	cmd := commandLine(s, "log", "--json")
	if out, status := harness.Finish(s.T, cmd); status != 0 || out != "{\n  \"level\": \"info\"\n}\n" {
		t.Errorf("got %d %q", status, out)
	}
	var out harness.Buffer
	watch := commandLine(s, "status", "--watch", "--interval", "100ms")
	watch.Stdout, watch.Stderr = &out, &out
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "it is shown again", func() bool { return strings.Count(out.String(), "takes clients") >= 3 })
	if err := watch.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := watch.Wait(); err != nil {
		t.Errorf("interrupted: %v", err)
	}
	wantHarmless(t, out.String())
}

func TestOperatorComesTooLate(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo + `
function ws_server_before_close(&$connections,&$connection)
{
	for ($i=0; ($i<2000) and (file_exists(__DIR__."/left")==False); $i++) { usleep(10000); clearstatcache(); }
}`})
	s.Connect().Ask("x")
	wants(s, []string{"close", "1"}, "is being closed with 1000$")
	if out, status := operate(s, "close", "1"); status != 1 || !strings.HasPrefix(out, "wsbridge: ") || strings.Contains(out, "no connection") {
		t.Errorf("closed twice: got %d %s", status, out) // 409
	}
	s.Write("left", "")
	harness.Eventually(t, "it is gone", func() bool {
		out, status := operate(s, "show", "1")
		return status == 1 && strings.Contains(out, "no connection 1")
	})
}

// A window of ten lines and forty columns shows twelve connections without scrolling.
func TestWatchFitsTheWindow(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: lounge})
	for range 12 {
		s.ConnectAs("login=anna")
	}
	cmd := commandLine(s, "connections", "--fields", "login,room", "--watch", "--interval", "100ms")
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 10, Cols: 40})
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	var shown harness.Buffer
	read := make(chan struct{})
	go func() { _, _ = io.Copy(&shown, terminal); close(read) }() // EIO at its end
	harness.Eventually(t, "it is shown twice", func() bool { return strings.Count(shown.String(), "\x1b[H") >= 3 })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("interrupted: %v", err)
	}
	terminal.Close()
	<-read
	page := strings.Split(shown.String(), "\x1b[H")[1]
	page = strings.TrimSuffix(strings.ReplaceAll(page, "\x1b[K\r\n", "\n"), "\x1b[J")
	if lines := strings.Split(strings.TrimSuffix(page, "\n"), "\n"); len(lines) != 9 || !strings.HasPrefix(lines[8], "… 5 more lines") {
		t.Errorf("got %d lines: %q", len(lines), page)
	}
	for line := range strings.Lines(page) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 40 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}
