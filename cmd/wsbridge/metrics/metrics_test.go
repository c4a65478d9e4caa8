package metrics

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/timing"
	"github.com/wsbridge/wsbridge/fastcgi"
	"github.com/wsbridge/wsbridge/protocol"
)

// scrape returns the status and the text of an answer of h.
func scrape(h http.Handler) (status int, text string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Code, w.Body.String()
}

func TestScrapesAreFew(t *testing.T) {
	m := New("test")
	asked, answer := make(chan struct{}, scrapes+1), make(chan struct{})
	var calls atomic.Int32
	m.WatchFPM(func() Pool { return Pool{} }, func(context.Context) (*fastcgi.Status, error) {
		asked <- struct{}{}
		if calls.Add(1) <= scrapes {
			<-answer
		}
		return &fastcgi.Status{Workers: 4}, nil
	})
	h := m.Handler()
	var work sync.WaitGroup
	for range scrapes {
		work.Go(func() {
			if status, text := scrape(h); status != http.StatusOK || !strings.Contains(text, "\nwsbridge_fpm_workers 4\n") {
				t.Errorf("got %d %s", status, text)
			}
		})
		<-asked
	}
	if status, text := scrape(h); status != http.StatusServiceUnavailable {
		t.Errorf("one more got %d %s", status, text)
	}
	close(answer)
	work.Wait()
}

// If php-fpm does not answer, only its own metrics are missing.
func TestScrapeWithoutStatusPage(t *testing.T) {
	m := New("test")
	m.WatchFPM(func() Pool { return Pool{Connections: 3, Limit: 4, Restarts: 2} },
		func(context.Context) (*fastcgi.Status, error) { return nil, errors.New("all workers are busy") })
	status, text := scrape(m.Handler())
	for _, want := range []string{"wsbridge_fpm_connections 3", "wsbridge_fpm_connections_limit 4", "wsbridge_fpm_restarts_total 2"} {
		if status != http.StatusOK || !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("no %s in %d %s", want, status, text)
		}
	}
	if strings.Contains(text, "wsbridge_fpm_workers") {
		t.Errorf("nobody has told of workers: %s", text)
	}
}

func TestEveryKindOfEventAndEndIsCounted(t *testing.T) {
	m := New("test")
	for _, kind := range protocol.Kinds() {
		if len(kind.Handlers()) > 0 {
			m.Event(observe.Observation{Kind: kind})
		}
	}
	for _, e := range outcome.Endings() {
		m.Ended(e)
	}
	for _, r := range outcome.Refusals() {
		m.Refused(r)
	}
	_, text := scrape(m.Handler())
	for line := range strings.Lines(text) {
		for _, name := range []string{"wsbridge_event_seconds_count{", "wsbridge_clients_ended_total{", "wsbridge_requests_refused_total{"} {
			if strings.HasPrefix(line, name) && !strings.HasSuffix(line, " 1\n") {
				t.Errorf("not counted once: %s", line)
			}
		}
	}
}

func TestTimesAreThoseOfAllEvents(t *testing.T) {
	m := New("test")
	m.Event(observe.Observation{Kind: protocol.Text, Total: time.Millisecond})
	m.Event(observe.Observation{Kind: protocol.Open, Total: time.Second})
	times := m.Times()
	for percent, want := range map[uint64]time.Duration{50: time.Millisecond, 100: time.Second} {
		if got := times[timing.Total].Quantile(percent); (got - want).Abs() > want/20 {
			t.Errorf("%d %%: got %v, want %v", percent, got, want)
		}
	}
}
