package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/check"
)

// binaryEnv has the path of the program that TestMain has built.
const binaryEnv = "WSBRIDGE_TEST_BINARY"

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "wsbridge-cmd-")
	if err == nil {
		err = buildBinary(filepath.Join(dir, "wsbridge"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

func buildBinary(path string) error {
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build wsbridge: %w\n%s", err, out)
	}
	return os.Setenv(binaryEnv, path)
}

// result is how one run of the program ended.
type result struct {
	code           int
	stdout, stderr string
}

// runBinary runs the program to its end.
func runBinary(tb testing.TB, args ...string) result {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 2*time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, os.Getenv(binaryEnv), args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		tb.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func TestWrongUseExitsTwoWithOneLine(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "name a command (wsbridge help lists them)"},
		{[]string{"start"}, `unknown command "start" (wsbridge help lists them)`},
		{[]string{"serv"}, `unknown command "serv": did you mean serve? (wsbridge help lists all)`},
		{[]string{"sevre"}, `unknown command "sevre": did you mean serve? (wsbridge help lists all)`},
		{[]string{"nonsense", "--help"}, `unknown command "nonsense" (wsbridge help lists them)`},
		{[]string{"--help", "statsu"}, `unknown command "statsu": did you mean status? (wsbridge help lists all)`},
		{[]string{"statsu", "--config", "x"}, `unknown command "statsu": did you mean status? (wsbridge help lists all)`},
		{[]string{"workers", "recyle", "--wait"}, `unexpected argument "recyle": did you mean recycle? (see wsbridge workers --help)`},
		{[]string{"completion", "bsh", "--config=x"}, `unknown command "completion bsh": did you mean bash or zsh? (wsbridge help lists all)`},
		{[]string{"workers", "recyle", "-h"}, `unexpected argument "recyle": did you mean recycle? (see wsbridge workers --help)`},
		{[]string{"workers", "recyle"}, `unexpected argument "recyle": did you mean recycle? (see wsbridge workers --help)`},
		{[]string{"completion", "bsh"}, `unknown command "completion bsh": did you mean bash or zsh? (wsbridge help lists all)`},
		{[]string{"help", "workers", "recyle"}, `unknown command "workers recyle": did you mean recycle? (wsbridge help lists all)`},
		{[]string{"serve", "--confg", "x"}, "unknown flag: --confg: did you mean --config? (see wsbridge serve --help)"},
		{[]string{"--verbose"}, "unknown flag: --verbose (see wsbridge --help)"},
		{[]string{"help", "start"}, `unknown command "start" (wsbridge help lists them)`},
		{[]string{"help", "serve", "more"}, `unknown command "serve more" (wsbridge help lists them)`},
		{[]string{"version", "now"}, `unexpected argument "now" (see wsbridge version --help)`},
		{[]string{"serve"}, "serve needs --settings FILE or --config FILE (see wsbridge serve --help)"},
		{[]string{"serve", "x.toml"}, `unexpected argument "x.toml" (see wsbridge serve --help)`},
		{[]string{"serve", "--port", "1"}, "unknown flag: --port (see wsbridge serve --help)"},
		{[]string{"serve", "--config"}, "flag needs an argument: --config (see wsbridge serve --help)"},
		{[]string{"serve", "--config", ""}, "--config is empty"},
		{[]string{"serve", "--settings", "s", "--fastcgi="}, "--fastcgi is empty"},
		{[]string{"serve", "--config", "missing.toml"}, "open missing.toml: no such file or directory"},
		{[]string{"serve", "--settings", "config"}, "read config: is a directory"},
		{[]string{"serve", "--settings", "config/testdata/settings/good.conf", "--fastcgi", "/run/php.sock"},
			`--fastcgi = "/run/php.sock": want "unix:/path" or "tcp:host:port"`},
		{[]string{"config"}, "config needs --settings FILE or --config FILE (see wsbridge config --help)"},
		{[]string{"config", "--settings", "s", "--config", "missing.toml"}, "open missing.toml: no such file or directory"},
		{[]string{"init"}, "init needs --settings FILE (see wsbridge init --help)"},
		{[]string{"init", "--settings", "config"}, "read config: is a directory"},
		{[]string{"init", "--settings", "config/testdata/settings/good.conf", "--output", "main.go"}, "main.go exists: --force replaces it"},
		{[]string{"check"}, "check needs --settings FILE or --config FILE (see wsbridge check --help)"},
		{[]string{"check", "--settings", "s", "more"}, `unexpected argument "more" (see wsbridge check --help)`},
		{[]string{"check", "--config="}, "--config is empty"},
		{[]string{"demo", "--workers", "two"},
			`invalid argument "two" for "--workers" flag: strconv.ParseInt: parsing "two": invalid syntax (see wsbridge demo --help)`},
		{[]string{"demo", "--workers", "0"}, "--workers = 0: want a whole number from 1 to 4096"},
		{[]string{"demo", "--listen", "8080"}, `--listen = "8080": want host:port, such as "127.0.0.1:50000"`},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			got := runBinary(t, tt.args...)
			want := result{code: exitUsage, stderr: "wsbridge: " + tt.want + "\n"}
			if got != want {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestHelpOfEveryCommand(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"--help"}, []string{"serve ", "check ", "demo ", "version ", "Exit codes:"}},
		{[]string{"help"}, []string{"serve ", "demo ", "version ", "Exit codes:"}},
		{[]string{"serve", "--help"}, []string{"--settings FILE", "--config FILE", "--fastcgi ADDRESS", "second signal"}},
		{[]string{"check", "--help"}, []string{"--settings FILE", "--config FILE", "--fastcgi ADDRESS", "--json", "Exit codes: 0 "}},
		{[]string{"help", "serve"}, []string{"--settings FILE", "--config FILE", "--fastcgi ADDRESS", "--help"}},
		{[]string{"demo", "-h"}, []string{"--listen ADDRESS", `"127.0.0.1:8080"`, "--workers NUMBER", "(default 4)"}},
		{[]string{"config", "--help"}, []string{"--settings FILE", "--config FILE", "--print", "--changed", "--json"}},
		{[]string{"init", "--help"}, []string{"--settings FILE", "--output FILE", "--force"}},
		{[]string{"version", "--help"}, []string{"wsbridge version"}},
		{[]string{"completion", "--help"}, []string{"bash", "fish", "zsh"}},
		{[]string{"help", "--help"}, []string{"wsbridge help [command]"}},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			got := runBinary(t, tt.args...)
			if got.code != exitOK || got.stderr != "" {
				t.Errorf("got exit code %d, stderr %q", got.code, got.stderr)
			}
			for _, want := range append(tt.want, "Usage:") {
				if !strings.Contains(got.stdout, want) {
					t.Errorf("no %q in:\n%s", want, got.stdout)
				}
			}
		})
	}
}

func TestVersionPrintsOneLine(t *testing.T) {
	got := runBinary(t, "version")
	if got.code != exitOK || !strings.HasPrefix(got.stdout, "wsbridge ") || !strings.Contains(got.stdout, ", contract 1, go1.") ||
		strings.Count(got.stdout, "\n") != 1 {
		t.Errorf("got %+v", got)
	}
	if flag := runBinary(t, "--version"); flag != got {
		t.Errorf("--version: got %+v, want %+v", flag, got)
	}
}

func TestInterruptedCommandSaysSo(t *testing.T) {
	ctx, interrupt := context.WithCancelCause(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		interrupt(errors.New("interrupt signal received"))
		<-r.Context().Done()
	}))
	defer server.Close()
	var stdout, stderr bytes.Buffer
	code := program(ctx, []string{"status", "--control", server.URL}, &stdout, &stderr)
	if got := stderr.String(); code != exitFailure || got != "wsbridge: interrupted: interrupt signal received\n" {
		t.Errorf("got %d %q %q", code, got, stdout.String())
	}
}

func TestErrorOfTheServerExitsOne(t *testing.T) {
	if code := exitCode(markRunError(errors.New("listen: address already in use"))); code != exitFailure {
		t.Errorf("got %d", code)
	}
	if code := exitCode(fmt.Errorf("serve: %w", markRunError(context.Canceled))); code != exitFailure {
		t.Errorf("wrapped: got %d", code)
	}
	if code := exitCode(errors.New("bad")); code != exitUsage {
		t.Errorf("configuration: got %d", code)
	}
}

func TestVerdictsHaveExitCodes(t *testing.T) {
	for verdict, want := range map[check.Verdict]int{check.Warnings: 1, check.Errors: 2} {
		if code := exitCode(verdictError(verdict)); code != want {
			t.Errorf("%s: got %d", verdict, code)
		}
	}
}
