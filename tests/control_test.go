package tests

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// get asks the control socket.
func (s *server) get(path string) (status int, body string) {
	s.t.Helper()
	client := &http.Client{Timeout: patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", s.path("control.sock"))
		},
	}}
	response, err := client.Get("http://control" + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func controlled(t *testing.T, a app) *server {
	t.Helper()
	s := prepare(t, a)
	s.write("wsbridge.toml", s.read("wsbridge.toml")+"[control]\nlisten = \"unix:"+s.path("control.sock")+"\"\n")
	s.run(a)
	return s
}

func TestMetricsTellWhereTheTimeGoesAndWhatFails(t *testing.T) {
	t.Parallel()
	s := controlled(t, app{toml: "[server]\n", handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="sleep") { usleep(50000); }
	send_text($client_key,$msg);
	if ($msg=="die") { exit; }
}`})
	c := s.connect()
	for _, text := range []string{"sleep", "die", "die"} {
		if got := c.ask(text); got != text {
			t.Fatalf("got %q", got)
		}
	}
	var all string
	eventually(t, "the last event is counted", func() bool {
		_, all = s.get("/metrics")
		return strings.Contains(all, `wsbridge_event_failures_total{event="text",reason="exit"} 2`)
	})
	for _, want := range []string{
		`wsbridge_event_stage_seconds_count{event="text",stage="queue"} 3`,
		`wsbridge_event_stage_seconds_count{event="text",stage="wait"} 3`,
		"wsbridge_client_write_seconds_count 3",
		"wsbridge_clients 1", "wsbridge_fpm_workers 4", "wsbridge_fpm_listen_queue 0", "go_goroutines",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s in\n%s", want, all)
		}
	}
	if took := metric(t, all, `wsbridge_event_stage_seconds_sum{event="text",stage="run"}`); took < 0.05 {
		t.Errorf("php was at work for %v s, and slept 50 ms", took)
	}
	if n := s.log.count("handler failed"); n != 1 {
		t.Errorf("%d lines for a handler that failed twice", n)
	}
}

// metric returns a metric's value.
func metric(t *testing.T, all, name string) (value float64) {
	t.Helper()
	_, rest, found := strings.Cut(all, name+" ")
	if _, err := fmt.Sscan(rest, &value); !found || err != nil {
		t.Fatalf("no %s: %v", name, err)
	}
	return value
}

// health runs wsbridge health beside the server and returns its exit status and what it printed.
func (s *server) health() (status int, out string) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), binary, "health", "--config", s.path("wsbridge.toml"))
	text, err := cmd.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		s.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

func TestHealthAsksTheRunningServer(t *testing.T) {
	t.Parallel()
	s := controlled(t, app{toml: "[server]\n", handlers: echo + `
function ws_server_before_close(&$connections,&$connection)
{
	for ($i=0; ($i<2000) and (file_exists(__DIR__."/left")==False); $i++) { usleep(10000); clearstatcache(); }
}`})
	s.connect()
	if status, out := s.health(); status != 0 || out != "ready\n" {
		t.Errorf("got %d %q", status, out)
	}
	s.signal(syscall.SIGTERM)
	s.log.wait("draining")
	if status, out := s.health(); status != 1 || out != "wsbridge: not ready: the server is shutting down\n" {
		t.Errorf("while its clients leave: got %d %q", status, out)
	}
	s.write("left", "")
	s.wait()
	if status, out := s.health(); status != 1 || !strings.HasPrefix(out, "wsbridge: ask unix:"+s.path("control.sock")+": ") {
		t.Errorf("without a server: got %d %q", status, out)
	}
}

func TestReadinessFollowsPHP(t *testing.T) {
	t.Parallel()
	s := controlled(t, app{toml: "[server]\n", handlers: echo})
	if status, body := s.get("/healthz"); status != 200 || body != "alive\n" {
		t.Errorf("got %d %q", status, body)
	}
	if status, body := s.get("/readyz"); status != 200 || body != "ready\n" {
		t.Errorf("got %d %q", status, body)
	}
	if info, err := os.Stat(s.path("control.sock")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	master := s.fpmMaster()
	if err := syscall.Kill(master, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for _, worker := range childrenOf(t, master) {
		if err := syscall.Kill(worker, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Kill(master, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "php-fpm is back and wsbridge ready", func() bool { status, _ := s.get("/readyz"); return status == 200 })
}
