package traces

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/wsbridge/wsbridge/tests/harness"
)

const (
	traceID  = "4bf92f3577b34da6a3ce929d0e0e4736"
	parentID = "00f067aa0ba902b7"
	sampled  = "00-" + traceID + "-" + parentID + "-01"
)

// tells answers a text with what PHP is told of traces, and fails on some.
const tells = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg==="throw") { throw new Exception("no such room"); }
	$of=function($name) { return isset($_SERVER[$name])?$_SERVER[$name]:"none"; };
	send_text($client_key,$of("WSBRIDGE_TRACEPARENT")." ".$of("HTTP_TRACEPARENT"));
}
function ws_server_before_close(&$connections,&$connection) { }
function ws_server_fifo(&$server,&$sockets,&$connections,&$data) { foreach ($connections as $key=>$row) { send_text($key,isset($_SERVER["WSBRIDGE_TRACEPARENT"])?$_SERVER["WSBRIDGE_TRACEPARENT"]:"none"); } }
function ws_server_finalize() { }
`

// soon makes the program send spans after a moment instead of five seconds.
func soon(t *testing.T) { t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "50") }

func text(v *commonpb.AnyValue) string {
	switch v := v.Value.(type) {
	case *commonpb.AnyValue_StringValue:
		return v.StringValue
	case *commonpb.AnyValue_IntValue:
		return strconv.FormatInt(v.IntValue, 10)
	}
	return v.String()
}

// connect connects a client whose handshake has that header traceparent.
func connect(s *harness.Server, traceparent string) *harness.Client {
	s.T.Helper()
	h := harness.Headers("login=anna")
	if traceparent != "" {
		h.Set("Traceparent", traceparent)
	}
	return dial(s, h)
}

func dial(s *harness.Server, h http.Header) *harness.Client {
	s.T.Helper()
	c, _, err := s.Dial("/", h)
	if err != nil {
		s.T.Fatal(err)
	}
	return c
}

func TestEventsAreSpansOfTheHandshakesTrace(t *testing.T) {
	soon(t)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=tests")
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret")
	collector := newCollector(t)
	s := harness.Serve(t, harness.App{Handlers: tells, TOML: collector.toml()})
	client := connect(s, sampled)
	told, own, _ := strings.Cut(client.Ask("hello"), " ")
	if own != sampled {
		t.Errorf("HTTP_TRACEPARENT is %q", own)
	}
	e := collector.named("text")
	if traceparent(e) != told {
		t.Errorf("php was told %s, and the span is %s", told, traceparent(e))
	}
	for _, s := range []*tracepb.Span{e, collector.named("authenticate")} {
		if hex.EncodeToString(s.TraceId) != traceID || hex.EncodeToString(s.ParentSpanId) != parentID {
			t.Errorf("%s is in trace %x below %x", s.Name, s.TraceId, s.ParentSpanId)
		}
	}
	queue, php, writes := collector.below(e, "queue"), collector.below(e, "php"), collector.below(e, "writes")
	order := []uint64{e.StartTimeUnixNano, queue.StartTimeUnixNano, queue.EndTimeUnixNano, php.StartTimeUnixNano, writes.StartTimeUnixNano, writes.EndTimeUnixNano}
	for i, at := range order[1:] {
		if at < order[i] {
			t.Errorf("time %d of %v is before the one before it", i+1, order)
		}
	}
	if php.EndTimeUnixNano > e.EndTimeUnixNano || writes.EndTimeUnixNano > e.EndTimeUnixNano || queue.StartTimeUnixNano != e.StartTimeUnixNano {
		t.Errorf("the parts do not lie in the event: %v", order)
	}
	got := attributes(e.Attributes)
	for name, want := range map[string]string{"wsbridge.event": "text", "wsbridge.client": "1", "wsbridge.bytes": "5"} {
		if got[name] != want {
			t.Errorf("%s is %q", name, got[name])
		}
	}
	if place := map[bool]string{true: "alone", false: "request"}[harness.Residents()]; got["wsbridge.place"] != place || (got["wsbridge.worker"] != "") != harness.Residents() {
		t.Errorf("it ran at %q in %q, want %s", got["wsbridge.place"], got["wsbridge.worker"], place)
	}
	if n := attributes(writes.Attributes)["wsbridge.messages"]; n != "1" {
		t.Errorf("%s messages", n)
	}
	client.Leave()
	collector.named("close")
	collector.mu.Lock()
	defer collector.mu.Unlock()
	if r := collector.resource; r["service.name"] != "wsbridge" || r["service.version"] == "" || r["deployment.environment.name"] != "tests" {
		t.Errorf("the resource is %v", r)
	}
	if key := collector.requests[0].Header.Get("X-Key"); key != "secret" {
		t.Errorf("the collector got the key %q", key)
	}
}

func TestHandshakesSayWhetherTheirEventsAreTraced(t *testing.T) {
	soon(t)
	for _, test := range []struct {
		name, header, sample string
		trace                string // of its events; empty: one of their own
		traced               bool
	}{
		{"sampled", sampled, "0", traceID, true},
		{"not sampled", strings.TrimSuffix(sampled, "1") + "0", "1", traceID, false},
		{"none", "", "1", "", true},
		{"none, and none are kept", "", "0.0", "", false},
		{"of zeros", "00-00000000000000000000000000000000-" + parentID + "-01", "1", "", true},
		{"of another form", "01", "1", "", true},
		{"of forbidden version", "ff" + sampled[2:], "1", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			collector := newCollector(t)
			s := harness.Serve(t, harness.App{Handlers: tells, TOML: collector.toml() + "sample = " + test.sample + "\n"})
			told, _, _ := strings.Cut(connect(s, test.header).Ask("hello"), " ")
			if flag := map[bool]string{true: "-01", false: "-00"}[test.traced]; !strings.HasSuffix(told, flag) || strings.Contains(told, traceID) != (test.trace != "") {
				t.Errorf("php was told %s", told)
			}
			if test.traced {
				if e := collector.named("text"); traceparent(e) != told || test.trace == "" && len(e.ParentSpanId) > 0 {
					t.Errorf("got %v", e)
				}
				return
			}
			s.Stop()
			if names := collector.all(); len(names) > 0 && test.sample == "0.0" {
				t.Errorf("got spans %v", names)
			}
			for _, name := range collector.all() {
				if name == "text" || name == "authenticate" {
					t.Errorf("got a span %s", name)
				}
			}
		})
	}
}

// slow is a text handler that reaches its own row only, and so runs beside others once it was measured.
const slow = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	usleep(10000);
	send_text($client_key,(int)file_get_contents("/proc/self/stat")." ".$_SERVER["WSBRIDGE_TRACEPARENT"]);
}
`

func TestEventsBesideOthersSayTheirWorker(t *testing.T) {
	soon(t)
	collector := newCollector(t)
	s := harness.Serve(t, harness.App{Handlers: slow, TOML: collector.toml() + "[php]\nresident = \"on\"\n"})
	client := connect(s, sampled)
	var beside *tracepb.Span
	var pid, told string
	harness.Eventually(t, "an event runs beside others", func() bool {
		pid, told, _ = strings.Cut(client.Ask("x"), " ")
		beside = collector.wait(told, func(s *tracepb.Span) bool { return traceparent(s) == told })
		return attributes(beside.Attributes)["wsbridge.place"] == "beside"
	})
	if got := attributes(beside.Attributes)["wsbridge.worker"]; got != pid {
		t.Errorf("it ran in %s, and its span says %q", pid, got)
	}
	if hex.EncodeToString(beside.TraceId) != traceID || hex.EncodeToString(beside.ParentSpanId) != parentID {
		t.Errorf("it is in trace %x below %x", beside.TraceId, beside.ParentSpanId)
	}
	for _, part := range []string{"queue", "php", "writes"} {
		collector.below(beside, part)
	}
}

func TestTwoHeadersNameNoTrace(t *testing.T) {
	soon(t)
	collector := newCollector(t)
	s := harness.Serve(t, harness.App{Handlers: tells, TOML: collector.toml()})
	h := harness.Headers("login=anna")
	h["Traceparent"] = []string{sampled, sampled}
	if told := dial(s, h).Ask("hello"); strings.HasPrefix(told, "00-"+traceID) || !strings.HasPrefix(told, "00-") {
		t.Errorf("php was told %s", told)
	}
}

func TestEventsOfTheServerAreTracesOfTheirOwn(t *testing.T) {
	soon(t)
	collector := newCollector(t)
	s := harness.Serve(t, harness.App{Handlers: tells, TOML: collector.toml()})
	client := connect(s, sampled)
	s.WritePipe(`{"a":1}` + "\n")
	told := client.Receive()
	e := collector.named("fifo")
	if traceparent(e) != told || len(e.ParentSpanId) > 0 || hex.EncodeToString(e.TraceId) == traceID || e.Kind != tracepb.Span_SPAN_KIND_CONSUMER {
		t.Errorf("php was told %s, and the span is %v", told, e)
	}
}

func TestFailedEventsSayWhy(t *testing.T) {
	soon(t)
	collector := newCollector(t)
	s := harness.Serve(t, harness.App{Handlers: tells, TOML: collector.toml()})
	client := connect(s, "")
	client.Send("throw")
	e := collector.named("text")
	got := attributes(e.Attributes)
	if e.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR || !strings.Contains(e.Status.GetMessage(), "no such room") ||
		got["error.type"] != "exception" || got["code.file.path"] != s.Path("push_server_events.php") || got["code.line.number"] == "" {
		t.Errorf("got %v", e)
	}
}

func TestEventsOverTheirTimeSayThat(t *testing.T) {
	soon(t)
	collector := newCollector(t)
	s := harness.Serve(t, harness.App{Handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { sleep(3600); }`, TOML: collector.toml() + "[php]\ntimeout = \"1s\"\n"})
	connect(s, "").Send("x")
	if e := collector.named("text"); e.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR || attributes(e.Attributes)["error.type"] != "timeout" {
		t.Errorf("got %v", e)
	}
}

func TestWithoutTracesPHPIsToldOfNone(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: tells})
	if told := connect(s, sampled).Ask("hello"); told != "none "+sampled {
		t.Errorf("php was told %s", told)
	}
	if metrics := s.Metrics(); strings.Contains(metrics, "wsbridge_trace_") {
		t.Error("there are metrics of traces")
	}
}

func TestEventsThatShareARequestHaveTheirOwnSpans(t *testing.T) {
	soon(t)
	collector := newCollector(t)
	s := harness.Serve(t, harness.App{Handlers: tells, TOML: collector.toml() + "[php]\nresident = \"off\"\nworkers = 1\n"})
	clients := s.ConnectMany(20)
	told := make([][]string, len(clients))
	harness.Together(clients, func(i int, c *harness.Client) {
		for n := range 20 {
			c.Send(fmt.Sprint(n))
		}
		for range 20 {
			answer, _, _ := strings.Cut(c.Receive(), " ")
			told[i] = append(told[i], answer)
		}
	})
	seen := map[string]bool{}
	for i, client := range told {
		for _, context := range client {
			if seen[context] {
				t.Fatalf("two events were told %s", context)
			}
			seen[context] = true
			e := collector.wait(context, func(s *tracepb.Span) bool { return traceparent(s) == context })
			if got := attributes(e.Attributes)["wsbridge.client"]; got != fmt.Sprint(i+1) {
				t.Errorf("%s is of client %s, and was told to %d", context, got, i+1)
			}
		}
	}
}
