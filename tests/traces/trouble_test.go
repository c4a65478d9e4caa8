package traces

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// dropped waits until spans were dropped for that reason.
func dropped(s *harness.Server, reason string) {
	s.T.Helper()
	name := `wsbridge_trace_spans_dropped_total{reason="` + reason + `"}`
	for deadline := time.Now().Add(harness.Patience); harness.Metric(s.T, s.Metrics(), name) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.T.Fatalf("%s stays 0", name)
		}
	}
}

// serveFor serves an echo whose traces go to a URL.
func serveFor(t *testing.T, url string) *harness.Server {
	t.Helper()
	return harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: "[trace]\notlp = \"" + url + "\"\n"})
}

func TestCollectorThatIsAway(t *testing.T) {
	soon(t)
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	s, began := serveFor(t, away.URL), time.Now()
	client := s.Connect()
	for range 50 { // in several batches
		if got := client.Ask("hello"); got != "hello" {
			t.Fatalf("got %s", got)
		}
	}
	dropped(s, "collector")
	line := s.Log.Wait("spans of traces were dropped", "connection refused")
	if line["collector"] != away.URL+"/v1/traces" {
		t.Errorf("got %v", line)
	}
	if n, most := s.Log.Count("spans of traces were dropped"), 1+int(time.Since(began)/time.Minute); n > most {
		t.Errorf("%d lines, want %d", n, most)
	}
}

func TestCollectorThatRefuses(t *testing.T) {
	soon(t)
	t.Setenv("OTEL_BSP_EXPORT_TIMEOUT", "500")
	var asked atomic.Int32
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer busy.Close()
	s := serveFor(t, busy.URL)
	client := s.Connect()
	if got := client.Ask("hello"); got != "hello" {
		t.Errorf("got %s", got)
	}
	dropped(s, "collector")
	s.Log.Wait("spans of traces were dropped")
	if asked.Load() == 0 {
		t.Error("the collector was not asked")
	}
}

// A collector that answers nothing holds a batch, and the others fill their room. Events go on, and the end does not wait for it for long.
func TestCollectorThatHangs(t *testing.T) {
	soon(t)
	t.Setenv("OTEL_BSP_EXPORT_TIMEOUT", "3600000")
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000")
	release := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-release
	}))
	defer hanging.Close()
	defer close(release)
	s := serveFor(t, hanging.URL)
	client := s.Connect()
	const events, atOnce = 3000, 100 // of three or four spans each
	for range events / atOnce {
		for range atOnce {
			client.Send("hello")
		}
		for range atOnce {
			client.Want("hello")
		}
	}
	dropped(s, "no_room")
	s.Log.Wait("spans of traces were dropped", "too many wait")
	if n := harness.Metric(t, s.Metrics(), "wsbridge_trace_spans_waiting"); n < 8000 || n > 8192 {
		t.Errorf("%v wait", n)
	}
	began := time.Now()
	if status := s.Stop(client); status != 0 {
		t.Errorf("exited with %d", status)
	}
	if took := time.Since(began); took > harness.Patience/2 {
		t.Errorf("the end took %v", took)
	}
	s.Log.Wait("spans of traces were dropped", "context canceled")
}

func TestTheEndSendsWhatWaits(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")
	collector := newCollector(t)
	s := harness.Serve(t, harness.App{Handlers: tells, TOML: collector.toml()})
	client := connect(s, "")
	client.Ask("hello")
	if status := s.Stop(client); status != 0 {
		t.Errorf("exited with %d", status)
	}
	for _, name := range []string{"text", "close", "finalize"} {
		if _, ok := find(collector.all(), name); !ok {
			t.Errorf("no span %s", name)
		}
	}
}

func find(names []string, name string) (at int, found bool) {
	for i, n := range names {
		if n == name {
			return i, true
		}
	}
	return 0, false
}
