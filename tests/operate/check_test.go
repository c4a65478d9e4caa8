package operate

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
	"github.com/wsbridge/wsbridge/tests/harness"
)

// report is the part of wsbridge check's JSON that the tests look at.
type report struct {
	PHP       *struct{ Version, User string }
	Files     []string
	Functions int
	Fills     []string
	Handlers  []struct{ Name, Runs, Rows string }
	Globals   []struct {
		Name  string
		Lives bool
	}
	Findings []protocol.Finding
}

// runCheck runs wsbridge check on the prepared application and returns its exit status and what it printed.
func runCheck(s *harness.Server, args ...string) (int, string) {
	s.T.Helper()
	cmd := exec.Command(harness.Program(), append([]string{"check", "--settings", s.Path("server_shared.conf")}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		s.T.Fatal(err)
	}
	if stderr.Len() > 0 {
		s.T.Errorf("check wrote to its standard error: %s", stderr.String())
	}
	return cmd.ProcessState.ExitCode(), stdout.String()
}

// reportOf is check --json.
func reportOf(s *harness.Server, status int, args ...string) report {
	s.T.Helper()
	code, text := runCheck(s, append(args, "--json")...)
	var r report
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		s.T.Fatalf("%v in %s", err, text)
	}
	if code != status {
		s.T.Errorf("exit status %d, want %d: %s", code, status, text)
	}
	return r
}

// runs tells how a handler would run: "alone all", "beside own".
func (r report) runs(handler string) string {
	for _, h := range r.Handlers {
		if h.Name == handler {
			return h.Runs + " " + h.Rows
		}
	}
	return "missing"
}

// lives reports whether a global variable survives from event to event.
func (r report) lives(name string) bool {
	for _, g := range r.Globals {
		if g.Name == name {
			return g.Lives
		}
	}
	return false
}

// want looks for a finding; line 0 is any.
func (r report) want(t *testing.T, level, kind string, line int) {
	t.Helper()
	if !slices.ContainsFunc(r.Findings, func(f protocol.Finding) bool {
		return f.Level == level && f.Kind == kind && (line == 0 || f.Line == line)
	}) {
		t.Errorf("no %s %s in line %d: %+v", level, kind, line, r.Findings)
	}
}

func TestCheckOfTheDemo(t *testing.T) {
	demo, err := os.ReadFile("../../php-handlers/demo/push_server_events.php")
	if err != nil {
		t.Fatal(err)
	}
	s := harness.Prepare(t, harness.App{Handlers: strings.TrimPrefix(string(demo), "<?php")})
	r := reportOf(s, 0)
	for handler, want := range map[string]string{
		"ws_server_authenticate": "beside own",
		"ws_server_open":         "alone all",
		"ws_server_text":         "alone all",
		"ws_server_fifo":         "alone all",
		"ws_server_before_close": "alone all",
		"ws_server_after_close":  "alone all",
		"ws_server_loop":         "missing",
	} {
		if got := r.runs(handler); got != want {
			t.Errorf("%s: got %s, want %s", handler, got, want)
		}
	}
	if r.PHP == nil || r.PHP.Version == "" || r.Functions != 13 || !slices.Equal(r.Files, []string{s.Path("push_server_events.php")}) {
		t.Errorf("got %+v", r)
	}
}

const worrying = `function ws_server_initialize()
{
	global $templates;
	$templates=array("page"=>"x");
}
function ws_server_open(&$connections,&$connection,$client_key)
{
	global $counter;
	$counter=$counter+1;
	exit(1);
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	static $calls=0;
	$calls++;
	sleep(1);
	session_start();
	send_text($client_key,"x");
}
function ws_server_binary(&$connections,&$connection,$client_key,$data)
{
	set_time_limit(0);
	if (php_sapi_name()=="cli") { fgets(STDIN); posix_kill(1,0); }
	if (function_exists("fastcgi_finish_request")) { fastcgi_finish_request(); }
}
$counter=0;
$templates=array();
`

// The handlers begin in line 2 of the events file.
func TestCheckFindsWhatBehavesInAnotherWay(t *testing.T) {
	for resident, want := range map[string]struct{ static, open, text string }{
		"auto": {"note", "alone all", "alone all"},
		"off":  {"warning", "alone own", "beside own"},
	} {
		t.Run(resident, func(t *testing.T) { checkWorrying(t, resident, want.static, want.open, want.text) })
	}
}

// checkWorrying checks the report with that php.resident: the level of the finding about the static variable, and how two handlers run.
func checkWorrying(t *testing.T, resident, static, open, text string) {
	s := harness.Prepare(t, harness.App{Handlers: worrying})
	s.Write("check.toml", "[php]\nresident = \""+resident+"\"\n")
	r := reportOf(s, 1, "--config", s.Path("check.toml"))
	r.want(t, "warning", "exit", 11)
	r.want(t, static, "static", 15)
	r.want(t, "warning", "session", 18)
	r.want(t, "note", "limit", 23)
	r.want(t, "warning", "sapi", 24)
	r.want(t, "warning", "stdin", 24)
	r.want(t, "warning", "pcntl", 24)
	if !slices.Equal(r.Fills, []string{"templates"}) || !r.lives("counter") {
		t.Errorf("fills %q, globals %+v", r.Fills, r.Globals)
	}
	if got := r.runs("ws_server_open"); got != open {
		t.Errorf("a handler that writes a living global: got %s", got)
	}
	if got := r.runs("ws_server_text"); got != text {
		t.Errorf("a handler with a static variable: got %s", got)
	}
}

func TestCheckFindsWhatWouldNotWork(t *testing.T) {
	s := harness.Prepare(t, harness.App{Handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg,$more)
{
	not_there(DB_PASSWORD,DB_NOWHERE);
}
$database=array("PDO",DB_DSN);
function ws_server_close($connections,$connection) {}
class Database extends PDO {}
`, Settings: "DB_DSN=cubrid:host=localhost\n"})
	r := reportOf(s, 2)
	r.want(t, "error", "arity", 2)
	r.want(t, "error", "extension", 6)
	r.want(t, "warning", "handler", 7)
	r.want(t, "error", "function", 4)
	r.want(t, "error", "constant", 4)
	s.Write("push_server_events.php", "<?php\n")
	reportOf(s, 2).want(t, "error", "authenticate", 0)
}

func TestCheckTellsPeople(t *testing.T) {
	s := harness.Prepare(t, harness.App{Handlers: worrying})
	code, text := runCheck(s)
	for _, want := range []string{
		"  events file  ", "as user ", "Handlers, with isolation.mode = \"auto\" and resident workers\n", "ws_server_text ", "Warnings\n", "push_server_events.php:11: ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if code != 1 || !strings.HasSuffix(text, ": it would run, read them first.\n") || strings.Contains(text, "\x1b") {
		t.Errorf("exit status %d:\n%s", code, text)
	}
}

func TestCheckCallsNoHandlerAndMakesNoPipe(t *testing.T) {
	handlers := "touch(__DIR__.\"/included\");\n"
	for _, name := range []string{"initialize", "started", "loop", "finalize", "shutdown"} {
		handlers += "function ws_server_" + name + "() { touch(__DIR__.\"/called_" + name + "\"); }\n"
	}
	s := harness.Prepare(t, harness.App{Handlers: handlers})
	runCheck(s)
	if _, err := os.Stat(s.Path("included")); err != nil {
		t.Error(err)
	}
	for _, pattern := range []string{"called_*", "ws_notify"} {
		if found, err := filepath.Glob(s.Path(pattern)); err != nil || len(found) > 0 {
			t.Errorf("found %q, %v", found, err)
		}
	}
}

func TestCheckRunsBesideTheServer(t *testing.T) {
	a := harness.App{Handlers: harness.Echo}
	s := harness.Serve(t, a)
	c := s.Connect()
	pipe, err := os.Stat(s.Path("ws_notify"))
	if err != nil {
		t.Fatal(err)
	}
	reportOf(s, 0)
	if again, err := os.Stat(s.Path("ws_notify")); err != nil || !os.SameFile(pipe, again) {
		t.Errorf("the pipe is another one: %v", err)
	}
	if got := c.Ask("still there?"); !strings.Contains(got, "still there?") {
		t.Errorf("got %q", got)
	}
}

func TestCheckOfAnApplicationThatBringsTheHelperFile(t *testing.T) {
	s := harness.Prepare(t, harness.App{Handlers: `require_once("shared_utils.php");`})
	s.Write("shared_utils.php", "<?php\nfunction show_message($msg,$star=False) { echo $msg; }\n")
	r := reportOf(s, 0)
	if !slices.Equal(r.Files, []string{s.Path("push_server_events.php"), s.Path("shared_utils.php")}) {
		t.Errorf("got %q", r.Files)
	}
}
