package operate

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/tests/harness"
)

// A handler that does not end has ways out: its worker can be killed, which fails its event alone, and clients that wait for it can be closed.
func TestOperatorEndsAnEventThatHangs(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: hanging + `
function ws_server_before_close(&$connections,&$connection) { file_put_contents(__DIR__."/closed","x",FILE_APPEND); }`,
		TOML: "[php]\nresident = \"on\"\n"})
	c, behind, closed := s.Connect(), s.Connect(), s.Connect()
	harness.Eventually(t, "the open events have ended", func() bool { return aloneWorker(s).Runs == nil })
	if out, status := operate(s, "workers", "kill"); status != 1 || !strings.Contains(out, "runs nothing now") {
		t.Errorf("got %d, %s", status, out)
	}
	c.Send("hang")
	c.Want("begun")
	pid := strconv.Itoa(aloneWorker(s).PID)
	behind.Send("behind")
	closed.Send("never answered")

	recycled := make(chan string, 1)
	go func() {
		out, _ := operate(s, "workers", "recycle")
		recycled <- out
	}()
	harness.Eventually(t, "the event has run for a while", func() bool {
		w := aloneWorker(s)
		return w.Runs != nil && time.Since(w.Runs.Since) > 4500*time.Millisecond // recycle has said so after 3
	})
	wants(s, []string{"close", "3", "--code", "1008", "--reason", "flood"})
	if code, reason := closed.Closed(); code != 1008 || reason != "flood" {
		t.Errorf("closed with %d %q", code, reason)
	}
	if s.ReadIfThere("closed") != "" {
		t.Error("its close handlers have run beside the event that hangs")
	}
	if got := harness.Metric(t, s.Metrics(), "wsbridge_resident_event_seconds"); got < 4 {
		t.Errorf("the metric is %v", got)
	}
	if out, status := operate(s, "workers", "kill", "1"); status != 1 || !strings.Contains(out, "no resident worker with that process id") {
		t.Errorf("got %d, %s", status, out)
	}
	if out, status := operate(s, "workers", "kill", "all"); status != 2 {
		t.Errorf("got %d, %s", status, out)
	}
	wants(s, []string{"workers", "kill", pid}, `^worker `+pid+` was killed; it ran text of client 1 for \d+s, \d+ behind it$`)
	behind.Want("behind")
	matches(s, []string{"workers", "recycle"}, <-recycled,
		`^wsbridge: worker `+pid+` is replaced when its event has ended: it runs text of client 1 for \d+s, .*; wsbridge workers kill ends it now`,
		`^worker \d+ has taken over from worker `+pid)
	harness.Eventually(t, "its close handlers have run", func() bool { return s.ReadIfThere("closed") == "x" })
	s.Log.Wait("event failed", "an operator has killed it", `"client":1`)
	s.Log.Wait("an operator has acted", `"action":"kill"`)
	wants(s, []string{"workers"}, `^alone +`+pid+` .* ended \d+s ago: an operator has killed it$`)
	wants(s, []string{"errors"}, `an operator has killed it`)
	if got := c.Ask("again"); got != "again" {
		t.Errorf("got %q", got)
	}
}

// killed asks for the end of a worker in the way that the command does not.
func killed(s *harness.Server, query string) int {
	s.T.Helper()
	err := s.Order(http.MethodPost, "/v1/workers/kill"+query, "", nil)
	e, ok := errors.AsType[*api.Error](err)
	if !ok {
		s.T.Fatalf("got %v", err)
	}
	return e.Status
}

func TestOperatorKillsNoWorkerThatThereIsNot(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: counted, TOML: "[php]\nresident = \"off\"\n"})
	if got := killed(s, ""); got != http.StatusConflict {
		t.Errorf("got %d", got)
	}
	s = harness.Serve(t, harness.App{Handlers: counted, TOML: "[php]\nresident = \"on\"\n"})
	s.Connect().Ask("hello")
	for query, want := range map[string]int{"?pid=x": 400, "?pid=0": 400, "?pid=1": 404, "?process=1": 400} {
		if got := killed(s, query); got != want {
			t.Errorf("%s: got %d, want %d", query, got, want)
		}
	}
}

// A slow event that runs beside others is ended by its process id.
func TestOperatorKillsAWorkerBesideOthers(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: "[php]\nresident = \"on\"\nworkers = 2\n", Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	usleep(20000);
	if ($msg=="hang") { send_text($client_key,"begun"); while (True) { usleep(10000); } }
	send_text($client_key,$msg);
}`})
	c := s.Connect()
	var beside *api.Worker
	harness.Eventually(t, "there is a worker beside the lane", func() bool {
		c.Ask("hello")
		return workerBeside(s, func(*api.Worker) bool { return true }) != nil
	})
	c.Send("hang")
	c.Want("begun")
	harness.Eventually(t, "it hangs there", func() bool {
		beside = workerBeside(s, func(w *api.Worker) bool { return w.Runs != nil }) // another may be idle
		return beside != nil
	})
	wants(s, []string{"workers", "kill", strconv.Itoa(beside.PID)}, `^worker \d+ was killed; it ran text of client 1 for \d+s$`)
	s.Log.Wait("event failed", "an operator has killed it")
	if got := c.Ask("again"); got != "again" {
		t.Errorf("got %q", got)
	}
}

// workerBeside returns a worker beside the lane of which that is true, or nil.
func workerBeside(s *harness.Server, is func(*api.Worker) bool) *api.Worker {
	s.T.Helper()
	r, err := s.Control().Workers(context.Background())
	if err != nil {
		s.T.Fatal(err)
	}
	for i := range r.Workers {
		if r.Workers[i].Kind == "beside" && is(&r.Workers[i]) {
			return &r.Workers[i]
		}
	}
	return nil
}
