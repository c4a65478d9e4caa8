package traces

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// collector receives spans as an OpenTelemetry collector does.
type collector struct {
	t    *testing.T
	http *httptest.Server

	mu       sync.Mutex // guards the fields below
	cond     *sync.Cond
	spans    []*tracepb.Span
	resource map[string]string
	requests []*http.Request
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{t: t}
	c.cond = sync.NewCond(&c.mu)
	c.http = httptest.NewServer(http.HandlerFunc(c.receive))
	t.Cleanup(c.http.Close)
	return c
}

// toml sends traces to it.
func (c *collector) toml() string { return "[trace]\notlp = \"" + c.http.URL + "\"\n" }

func (c *collector) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request collectorpb.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &request)
	}
	if err != nil || r.URL.Path != "/v1/traces" || r.Method != http.MethodPost {
		c.t.Errorf("got %s %s, %v", r.Method, r.URL, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, r)
	for _, of := range request.ResourceSpans {
		c.resource = attributes(of.Resource.Attributes)
		for _, scope := range of.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
	c.cond.Broadcast()
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// wait returns the first span that is wanted, or fails the test.
func (c *collector) wait(what string, wanted func(*tracepb.Span) bool) *tracepb.Span {
	c.t.Helper()
	late := false
	defer time.AfterFunc(harness.Patience, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		late = true
		c.cond.Broadcast()
	}).Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		for _, s := range c.spans {
			if wanted(s) {
				return s
			}
		}
		if late {
			c.t.Fatalf("no span %s in %v", what, c.spans)
		}
		c.cond.Wait()
	}
}

// named returns the first span of that name.
func (c *collector) named(name string) *tracepb.Span {
	c.t.Helper()
	return c.wait(name, func(s *tracepb.Span) bool { return s.Name == name })
}

// below returns a child of a span.
func (c *collector) below(parent *tracepb.Span, name string) *tracepb.Span {
	c.t.Helper()
	return c.wait(name+" below "+parent.Name, func(s *tracepb.Span) bool {
		return s.Name == name && string(s.ParentSpanId) == string(parent.SpanId) && string(s.TraceId) == string(parent.TraceId)
	})
}

// all returns the names of all spans so far.
func (c *collector) all() (names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		names = append(names, s.Name)
	}
	return names
}

// attributes returns attributes in JSON or, if they are texts, as they are.
func attributes(list []*commonpb.KeyValue) map[string]string {
	all := map[string]string{}
	for _, a := range list {
		all[a.Key] = text(a.Value)
	}
	return all
}

func traceparent(s *tracepb.Span) string {
	return "00-" + hex.EncodeToString(s.TraceId) + "-" + hex.EncodeToString(s.SpanId) + "-01"
}
