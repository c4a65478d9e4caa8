package tests

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// control returns a client of the server's control socket.
func (s *server) control() *api.Client {
	s.t.Helper()
	c, err := api.NewClient("unix:"+s.path("control.sock"), "")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// order asks the control socket in a way that the client does not, and decodes the answer into it.
func (s *server) order(method, path, body string, into any) error {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	path, query, _ := strings.Cut(path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.control().Do(ctx, method, path, values, "", []byte(body), into)
}

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
	return s.fetch(client, httptest.NewRequest(http.MethodGet, "http://control"+path, nil))
}

// fetch returns a request's answer.
func (s *server) fetch(client *http.Client, r *http.Request) (status int, body string) {
	s.t.Helper()
	r.RequestURI = "" // a server's
	response, err := client.Do(r)
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

func TestMetricsTellWhereTheTimeGoesAndWhatFails(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: `
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
	for _, want := range []string{
		`wsbridge_event_failures_total{event="text",reason="exit"} 2`,
		`wsbridge_event_stage_seconds_count{event="text",stage="queue"} 3`,
		`wsbridge_event_stage_seconds_count{event="text",stage="wait"} 3`,
		"wsbridge_client_write_seconds_count 3",
		`wsbridge_clients{state="open"} 1`, "wsbridge_fpm_workers 4", "wsbridge_fpm_listen_queue 0", "go_goroutines",
	} {
		eventually(t, "the metrics have "+want, func() bool { // they are read one after the other, while the last event is counted
			_, all = s.get("/metrics")
			return strings.Contains(all, want)
		})
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
	_, rest, found := strings.Cut(all, "\n"+name+" ") // HELP and TYPE name it, too, within their lines
	if _, err := fmt.Sscan(rest, &value); !found || err != nil {
		t.Fatalf("no %s: %v", name, err)
	}
	return value
}

// health runs wsbridge health beside the server and returns its exit status and what it printed.
func (s *server) health() (status int, out string) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), binary, "health", "--control", "unix:"+s.path("control.sock"))
	text, err := cmd.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		s.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

func TestHealthAsksTheRunningServer(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: echo + `
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
	if status, out := s.health(); status != 1 || !strings.Contains(out, "the server is shutting down") {
		t.Errorf("while its clients leave: got %d %q", status, out)
	}
	s.write("left", "")
	s.wait()
	if status, out := s.health(); status != 1 || !strings.HasPrefix(out, "wsbridge: no server at unix:"+s.path("control.sock")+": ") {
		t.Errorf("without a server: got %d %q", status, out)
	}
}

func TestReadinessFollowsPHP(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: echo})
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
