package operate

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/tests/harness"
)

// counted says which process runs it, and how many of its events that one has had. It logs what it is told to.
const counted = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	static $times=0;
	$times++;
	if ($msg=="log") { show_message("logged"); }
	if ($msg=="throw") { send_text($client_key,"thrown"); throw new Exception("no such room"); }
	send_text($client_key,getmypid()." ".$times);
}
function ws_server_fifo(&$server,&$sockets,&$connections,&$document) { foreach ($connections as $row) { } }`

// aloneWorker returns the worker that runs events.
func aloneWorker(s *harness.Server) api.Worker {
	s.T.Helper()
	r, err := s.Control().Workers(s.T.Context())
	if err != nil {
		s.T.Fatal(err)
	}
	for _, w := range r.Workers {
		if w.Kind == "alone" {
			return w
		}
	}
	return api.Worker{}
}

func TestOperatorSeesWorkers(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: counted, TOML: "[php]\nresident = \"on\"\n"})
	c := s.Connect()
	pid, _, _ := strings.Cut(c.Ask("hello"), " ")
	next := tail(s, url.Values{"event": {"text"}})
	c.Ask("log")
	w := aloneWorker(s)
	if strconv.Itoa(w.PID) != pid || w.Events < 2 || w.Code == "" || w.Reason != "" || w.Ended != nil {
		t.Errorf("got %+v, and %s runs events", w, pid)
	}
	if e := next(); e.Worker != w.PID {
		t.Errorf("the event ran in %d, want %s", e.Worker, pid)
	}
	if line := s.Log.Wait("logged"); fmt.Sprint(line["worker"]) != pid {
		t.Errorf("got %v", line)
	}
	harness.Eventually(t, "the worker's memory is known, and there is a spare", func() bool {
		out, _ := operate(s, "workers")
		return strings.Contains(out, "MiB") && strings.Contains(out, "\nspare ")
	})
	wants(s, []string{"workers"}, `^events run in a resident worker$`, `^KIND +PID +AGE +EVENTS +MEMORY +CODE$`, `^alone +`+pid+` +\d+s +\d+ +[\d.]+ MiB +\w{8}$`)
	wants(s, []string{"status"}, `^workers +events run in a resident worker$`, `^  alone +`+pid+` `,
		`^  ws_server_fifo +4 parameters +in the alone worker, in one order .*, push_server_events\.php:\d+$`)
}

// hanging runs in the alone worker, since it needs all rows. It waits for a file.
const hanging = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	foreach ($connections as $row) { }
	if ($msg=="hang") { send_text($client_key,"begun"); while (!file_exists(__DIR__."/go")) { usleep(10000); clearstatcache(); } }
	send_text($client_key,$msg);
}`

// An event that does not end is named while it runs, with what waits behind it.
func TestOperatorSeesWhatAWorkerRuns(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: hanging, TOML: "[php]\nresident = \"on\"\n"})
	c, other := s.Connect(), s.Connect()
	harness.Eventually(t, "the open events have ended", func() bool { return aloneWorker(s).Runs == nil })
	c.Send("hang")
	c.Want("begun")
	other.Send("behind")
	harness.Eventually(t, "an event is behind it", func() bool {
		w := aloneWorker(s)
		return w.Runs != nil && w.Runs.Event == "text" && w.Runs.Client == 1 && w.Runs.Behind == 1 && !w.Runs.Since.IsZero()
	})
	for _, command := range []string{"workers", "status"} {
		wants(s, []string{command}, `^ *alone .* runs text of client 1 for \d+s, 1 behind it$`)
	}
	s.Write("go", "")
	c.Want("hang")
	other.Want("behind")
	harness.Eventually(t, "nothing runs", func() bool { return aloneWorker(s).Runs == nil })
}

// Each worker that has ended is listed with why.
func TestOperatorSeesWhyWorkersEnd(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: counted, TOML: "[php]\nresident = \"on\"\n"})
	c := s.Connect()
	c.Ask("hello")
	c.Send("throw")
	c.Want("thrown")
	after, _, _ := strings.Cut(c.Ask("again"), " ")
	number, err := strconv.Atoi(after)
	if err != nil {
		t.Fatal(err)
	}
	_ = syscall.Kill(number, syscall.SIGKILL) // its event may not have ended yet
	harness.Eventually(t, "another worker runs events", func() bool {
		pid := aloneWorker(s).PID
		return pid != 0 && pid != number
	})
	c.Ask("again")
	r, err := s.Control().Workers(t.Context())
	if err != nil || len(r.Ended) != 2 || !r.Enabled || r.Stateless {
		t.Fatalf("got %+v, %v", r, err)
	}
	for i, want := range []string{"died", "failure"} {
		if w := r.Ended[i]; w.Cause != want || w.Reason == "" || w.Ended == nil || r.Replaced[want] != 1 {
			t.Errorf("got %+v, want %s", w, want)
		}
	}
	wants(s, []string{"workers"}, `; replaced 2 times so far$`, `^alone +`+after+` +\d+s +\d+ .* ended \d+s ago: .`, `^alone .* ended \d+s ago: an event failed: exception$`)
	metrics := s.Metrics()
	for name, want := range map[string]float64{
		`wsbridge_resident_workers{kind="alone"}`:             1,
		`wsbridge_resident_replaced_total{reason="failure"}`:  1,
		`wsbridge_resident_replaced_total{reason="died"}`:     1,
		`wsbridge_resident_replaced_total{reason="operator"}`: 0,
		`wsbridge_resident_boots_failed_total`:                0,
		`wsbridge_resident_stateless`:                         0,
		`wsbridge_resident_events_total{kind="spare"}`:        0,
	} {
		if got := harness.Metric(t, metrics, name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if got := harness.Metric(t, metrics, `wsbridge_resident_events_total{kind="alone"}`); got < 3 {
		t.Errorf("workers have ended %v events", got)
	}
}

// A worker is replaced between two events: none is lost, and the next worker has the rows.
func TestOperatorRecyclesTheWorker(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: counted, TOML: "[php]\nresident = \"on\"\n"})
	c := s.Connect()
	before := c.Ask("hello")
	if again := c.Ask("hello"); again != strings.TrimSuffix(before, " 1")+" 2" {
		t.Fatalf("got %s, then %s", before, again)
	}
	ended := make(chan struct{})
	go func() { // events go on meanwhile
		defer close(ended)
		for range 500 {
			c.Send("hello")
		}
	}()
	pid := strings.TrimSuffix(before, " 1")
	wants(s, []string{"workers", "recycle"}, `^worker \d+ has taken over from worker `+pid+`, which ran \d+ events in \d+s$`)
	<-ended
	var last string
	for range 500 {
		_, data := c.Next()
		last = string(data)
	}
	now := aloneWorker(s)
	if got, _, _ := strings.Cut(c.Ask("hello"), " "); got == pid || got != strconv.Itoa(now.PID) {
		t.Errorf("%s runs events after %s, want %d; the last of 500 was %s", got, pid, now.PID, last)
	}
	wants(s, []string{"workers"}, `^alone +`+pid+` .* ended \d+s ago: an operator has had it replaced$`)
	wants(s, []string{"errors"}, `^no event has failed$`)
}

// An operator who has the worker replaced while the code cannot be loaded keeps the one that has loaded it before.
func TestOperatorKeepsTheWorkerIfTheCodeIsBroken(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: counted, TOML: "[php]\nresident = \"on\"\n"})
	c := s.Connect()
	c.Ask("hello")
	pid := aloneWorker(s).PID
	good := s.Read("push_server_events.php")
	s.Write("push_server_events.php", "<?php function (")
	for range 2 {
		out, status := operate(s, "workers", "recycle")
		if status != 1 || !strings.Contains(out, "the worker goes on: ") || !strings.Contains(out, "ParseError") {
			t.Errorf("got %d, %s", status, out)
		}
		if got, _, _ := strings.Cut(c.Ask("hello"), " "); got != strconv.Itoa(pid) {
			t.Errorf("%s runs events, want %d", got, pid)
		}
	}
	if out, status := operate(s, "reload"); status != 1 || !strings.Contains(out, "the application's code cannot be loaded: ") {
		t.Errorf("reload: got %d, %s", status, out)
	}
	wants(s, []string{"workers"}, `^events run in a resident worker; the application's code cannot be loaded any more, .*ParseError`)
	if got := harness.Metric(t, s.Metrics(), "wsbridge_resident_code_broken"); got != 1 {
		t.Errorf("the metric is %v", got)
	}
	c.Send("throw") // which costs the worker
	c.Want("thrown")
	harness.Eventually(t, "it is not ready", func() bool {
		status, body := s.Get("/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "the application's code cannot be loaded: ")
	})
	s.Write("push_server_events.php", good)
	harness.Eventually(t, "it is ready again", func() bool {
		status, _ := s.Get("/readyz")
		return status == http.StatusOK && harness.Metric(t, s.Metrics(), "wsbridge_resident_code_broken") == 0
	})
	if out, status := operate(s, "reload"); status != 0 {
		t.Errorf("reload: got %d, %s", status, out)
	}
	harness.Eventually(t, "the worker is replaced", func() bool {
		_, status := operate(s, "workers", "recycle")
		return status == 0
	})
	if now := aloneWorker(s).PID; now == pid {
		t.Errorf("%d still runs events", now)
	}
}

func TestOperatorIsToldThatNoWorkersStay(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: counted, TOML: "[php]\nresident = \"off\"\n"})
	c := s.Connect()
	next := tail(s, url.Values{"event": {"text"}})
	c.Ask("log")
	if e := next(); e.Worker != 0 {
		t.Errorf("got %+v", e)
	}
	if line := s.Log.Wait("logged"); line["worker"] != nil {
		t.Errorf("got %v", line)
	}
	wants(s, []string{"workers"}, `^no resident workers, since php\.resident = "off": each event is a request of its own$`)
	wants(s, []string{"status"}, `^workers +no resident workers`, `^  ws_server_fifo +\d parameters +alone, with all rows `)
	if out, status := operate(s, "workers", "recycle"); status != 1 || !strings.Contains(out, "php.resident") {
		t.Errorf("got %d, %s", status, out)
	}
	_, err := s.Control().Recycle(t.Context())
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Status != http.StatusConflict {
		t.Errorf("got %v", err)
	}
	if strings.Contains(s.Metrics(), "wsbridge_resident_") {
		t.Error("there are metrics of workers that there are not")
	}
}
