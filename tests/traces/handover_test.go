package traces

import (
	"encoding/hex"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Events of a client are in the trace of its handshake, whichever process runs them, and the process that another one takes over from sends the
// spans that it still has.
func TestTracesGoOnOverAnUpgrade(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000") // an hour: what comes was sent at the end of a process
	collector := newCollector(t)
	s := harness.Serve(t, harness.App{Handlers: tells, TOML: collector.toml()})
	client := connect(s, sampled)
	client.Ask("before")
	done, err := s.Control().Upgrade(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	s.Follow(done.After.PID)
	client.Ask("after, with more bytes")
	client.Leave()
	if status := s.Stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	for bytes, text := range map[string]string{"6": "before", "22": "after, with more bytes"} {
		e := collector.wait(text, func(e *tracepb.Span) bool {
			return e.Name == "text" && attributes(e.Attributes)["wsbridge.bytes"] == bytes
		})
		if hex.EncodeToString(e.TraceId) != traceID || hex.EncodeToString(e.ParentSpanId) != parentID {
			t.Errorf("%s is in trace %x below %x", text, e.TraceId, e.ParentSpanId)
		}
		collector.below(e, "php")
	}
	if e := collector.named("close"); hex.EncodeToString(e.TraceId) != traceID {
		t.Errorf("the close event is in trace %x", e.TraceId)
	}
}
