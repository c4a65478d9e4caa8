package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/check"
	"github.com/wsbridge/wsbridge/protocol"
)

// checkable writes an application that php-fpm's user can read, and returns its folder.
func checkable(tb testing.TB, events string) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "wsbridge-check-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	settings := "WEBSOCKET_LISTENING_ADDRESS=localhost\nWEBSOCKET_LISTENING_PORT=50000\n" +
		"WEBSOCKET_EVENTS_INCLUDE_FILE=" + dir + "/events.php\nWEBSOCKET_XHR_PIPE_FILE=" + dir + "/pipe\n"
	for name, text := range map[string]string{"events.php": events, "server_shared.conf": settings} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// runCheck returns the report of wsbridge check --json.
func runCheck(tb testing.TB, args ...string) (check.Report, result) {
	tb.Helper()
	got := runBinary(tb, append([]string{"check", "--json"}, args...)...)
	var r check.Report
	if err := json.Unmarshal([]byte(got.stdout), &r); err != nil {
		tb.Fatalf("%v in %+v", err, got)
	}
	return r, got
}

func TestCheckExplainsAnApplicationThatPHPCannotRun(t *testing.T) {
	for name, tt := range map[string]struct {
		events, message string
		line            int
	}{
		"syntax error":  {"<?php\nfunction a() {\n  return 1\n}\n", "syntax error", 4},
		"fatal error":   {"<?php\n\nnot_there();\n", "undefined function not_there()", 3},
		"exception":     {"<?php\nthrow new Exception(\"no database\");\n", "no database", 2},
		"exit":          {"<?php\nexit(3);\n", "exit or die at file scope", 0},
		"included file": {"<?php\n\n\nrequire \"inc/none.php\";\n", "inc/none.php", 4},
	} {
		t.Run(name, func(t *testing.T) {
			dir := checkable(t, tt.events)
			r, got := runCheck(t, "--settings", dir+"/server_shared.conf")
			if got.code != 2 || got.stderr != "" || r.Verdict != check.Errors {
				t.Errorf("got %+v", got)
			}
			f := r.Findings[0]
			file := dir + "/events.php"
			if tt.line == 0 {
				file = ""
			}
			if f.Level != protocol.LevelError || f.Kind != "php" || f.File != file || f.Line != tt.line || !strings.Contains(f.Message, tt.message) {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestCheckExplainsAnEventsFileThatCannotBeRead(t *testing.T) {
	dir := checkable(t, "")
	if err := os.Remove(dir + "/events.php"); err != nil {
		t.Fatal(err)
	}
	got := runBinary(t, "check", "--settings", dir+"/server_shared.conf")
	if got.code != 2 || got.stderr != "" || !strings.Contains(got.stdout, "php  "+dir+"/events.php does not exist") ||
		!strings.HasSuffix(got.stdout, "\n\n1 error: it would not work.\n") {
		t.Errorf("got %+v", got)
	}
}

func TestCheckReportsWarningsOfFileScope(t *testing.T) {
	dir := checkable(t, "<?php\necho $undefined;\nexit;\n")
	r, _ := runCheck(t, "--settings", dir+"/server_shared.conf")
	if len(r.Findings) != 2 {
		t.Fatalf("got %+v", r.Findings)
	}
	if f := r.Findings[1]; f.Level != protocol.LevelWarning || f.Line != 2 || !strings.Contains(f.Message, "undefined") {
		t.Errorf("got %+v", f)
	}
}

func TestCheckReportsTheConfigurationInTheSameWords(t *testing.T) {
	t.Chdir("config/testdata/bad")
	want, err := os.ReadFile("values.txt")
	if err != nil {
		t.Fatal(err)
	}
	r, got := runCheck(t, "--config", "values.toml")
	if got.code != 2 || len(r.Findings) != strings.Count(string(want), "\n  ") {
		t.Errorf("got %+v", got)
	}
	for _, f := range r.Findings {
		if f.Level != protocol.LevelError || f.Kind != "config" || !strings.Contains(string(want), "\n  "+f.Message+"\n") {
			t.Errorf("got %+v", f)
		}
	}
}

func TestCheckReportsNotesOfTheConfigurationAsWarnings(t *testing.T) {
	dir := checkable(t, "<?php\nexit;\n")
	r, _ := runCheck(t, "--settings", dir+"/server_shared.conf", "--config", writeFile(t, "wsbridge.toml", "[php]\nscript = \"/x.php\"\n"))
	f := r.Findings[len(r.Findings)-1]
	if f.Level != protocol.LevelWarning || f.Kind != "config" || !strings.Contains(f.Message, "php.script has no effect") {
		t.Errorf("got %+v", r.Findings)
	}
}

func TestCheckExplainsWhyPHPFPMDoesNotAnswer(t *testing.T) {
	dir := checkable(t, "<?php\nwhile (true);\n")
	slow := writeFile(t, "wsbridge.toml", "[php]\ntimeout = \"1s\"\n")
	for name, tt := range map[string]struct {
		args []string
		kind string
		want string
	}{
		"not there": {[]string{"--fastcgi", "unix:" + dir + "/none.sock"}, "fpm", "php-fpm is not reachable"},
		"no binary": {[]string{"--config", writeFile(t, "wsbridge.toml", "[php]\nfpm = \"./no-fpm\"\n")}, "fpm", "no-fpm"},
		"endless":   {[]string{"--config", slow}, "php", "the handler took longer than php.timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			r, got := runCheck(t, append([]string{"--settings", dir + "/server_shared.conf"}, tt.args...)...)
			f := r.Findings[0]
			if strings.Contains(got.stdout, "execution timed out") {
				tt.kind, tt.want = "fpm", "cut off" // on a busy machine, before PHP had a second of the processor
			}
			if got.code != 2 || f.Level != protocol.LevelError || f.Kind != tt.kind || !strings.Contains(f.Message, tt.want) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestCheckLeavesNoPipe(t *testing.T) {
	dir := checkable(t, "<?php\n")
	runCheck(t, "--settings", dir+"/server_shared.conf")
	if _, err := os.Lstat(dir + "/pipe"); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
}

func writeFile(tb testing.TB, name, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}
