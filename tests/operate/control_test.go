package operate

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/tests/harness"
)

// wantRefusal fails the test unless err is an answer with that status, and the parts in its text.
func wantRefusal(t *testing.T, err error, status int, parts ...string) *api.Error {
	t.Helper()
	e, ok := errors.AsType[*api.Error](err)
	if !ok || e.Status != status {
		t.Errorf("got %v, want status %d", err, status)
		return &api.Error{Event: &api.Event{}}
	}
	for _, part := range parts {
		if !strings.Contains(e.Text, part) {
			t.Errorf("no %q in %q", part, e.Text)
		}
	}
	return e
}

func TestMetricsTellWhereTheTimeGoesAndWhatFails(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="sleep") { usleep(50000); }
	send_text($client_key,$msg);
	if ($msg=="die") { exit; }
}`})
	c := s.Connect()
	for _, text := range []string{"sleep", "die", "die"} {
		if got := c.Ask(text); got != text {
			t.Fatalf("got %q", got)
		}
	}
	var all string
	for _, want := range []string{
		`wsbridge_event_failures_total{event="text",reason="exit"} 2`,
		`wsbridge_event_stage_seconds_count{event="text",stage="queue"} 3`,
		`wsbridge_event_stage_seconds_count{event="text",stage="wait"} 3`,
		"wsbridge_client_write_seconds_count 3",
		`wsbridge_clients{state="open"} 1`, "wsbridge_fpm_workers 4", "wsbridge_fpm_connections_waiting 0", "go_goroutines",
	} {
		harness.Eventually(t, "the metrics have "+want, func() bool { // a scrape reads them one by one while the last event is counted
			_, all = s.Get("/metrics")
			return strings.Contains(all, want)
		})
	}
	if took := harness.Metric(t, all, `wsbridge_event_stage_seconds_sum{event="text",stage="run"}`); took < 0.05 {
		t.Errorf("php was at work for %v s, and slept 50 ms", took)
	}
	if n := s.Log.Count("handler failed"); n != 1 {
		t.Errorf("%d lines for a handler that failed twice", n)
	}
}

// health runs wsbridge health and returns its exit status and what it printed.
func health(s *harness.Server) (status int, out string) {
	s.T.Helper()
	cmd := exec.CommandContext(s.T.Context(), harness.Program(), "health", "--control", s.ControlSocket())
	text, err := cmd.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		s.T.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

func TestHealthAsksTheRunningServer(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo + `
function ws_server_before_close(&$connections,&$connection)
{
	for ($i=0; ($i<2000) and (file_exists(__DIR__."/left")==False); $i++) { usleep(10000); clearstatcache(); }
}`})
	c := s.Connect()
	if status, out := health(s); status != 0 || out != "ready\n" {
		t.Errorf("got %d %q", status, out)
	}
	s.Signal(syscall.SIGTERM)
	s.Log.Wait("draining")
	if status, out := health(s); status != 1 || !strings.Contains(out, "the server is shutting down") {
		t.Errorf("while its clients leave: got %d %q", status, out)
	}
	s.Write("left", "")
	c.Closed()
	s.Wait()
	if status, out := health(s); status != 1 || !strings.HasPrefix(out, "wsbridge: no server at "+s.ControlSocket()+": ") {
		t.Errorf("without a server: got %d %q", status, out)
	}
}

func TestReadinessFollowsPHP(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	if status, body := s.Get("/healthz"); status != 200 || body != "alive\n" {
		t.Errorf("got %d %q", status, body)
	}
	if status, body := s.Get("/readyz"); status != 200 || body != "ready\n" {
		t.Errorf("got %d %q", status, body)
	}
	if info, err := os.Stat(s.Path("control.sock")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	master := s.FPMMaster()
	if err := syscall.Kill(master, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for _, worker := range harness.Children(master) {
		if err := syscall.Kill(worker, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Kill(master, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "php-fpm is back and wsbridge ready", func() bool { status, _ := s.Get("/readyz"); return status == 200 })
}
