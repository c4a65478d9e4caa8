package observe

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// metered is a server that has every metric: with TLS, a pipe, a php-fpm of its own and traces, which nobody takes. Control is reachable by its
// socket, and at the address that is returned with the token.
func metered(t *testing.T) (s *harness.Server, address string) {
	t.Helper()
	a := harness.App{
		Handlers: harness.Echo + "\nfunction ws_server_fifo(&$connections,$data) { }\n",
		TOML: harness.TLSFiles + "[control]\nlisten = [\"unix:DIR/control.sock\", \"127.0.0.1:0\"]\ntoken_file = \"DIR/token\"\n" +
			"[trace]\notlp = \"http://127.0.0.1:9\"\n[journal]\ndir = \"journal\"\n",
	}
	s = harness.Prepare(t, a)
	s.Write("token", harness.Token+"\n")
	if err := os.Chmod(s.Path("token"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := harness.NewCertificate(t, "x")
	s.Install(c)
	s.Trust = harness.Trust(c)
	s.Write("wsbridge.toml", strings.ReplaceAll(s.Read("wsbridge.toml"), "DIR", s.Dir))
	s.Run(a)
	return s, s.Log.Wait("control is reachable", `"127.0.0.1:`)["address"].(string)
}

// families returns the metrics of wsbridge's own, by name.
func families(s *harness.Server) map[string]*dto.MetricFamily {
	s.T.Helper()
	_, text := s.Get("/metrics")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	all, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		s.T.Fatal(err)
	}
	maps.DeleteFunc(all, func(name string, _ *dto.MetricFamily) bool { return !strings.HasPrefix(name, "wsbridge_") })
	return all
}

// labelsOf returns the labels that a family's metrics have, in order.
func labelsOf(family *dto.MetricFamily) []string {
	names := map[string]bool{}
	for _, m := range family.GetMetric() {
		for _, label := range m.GetLabel() {
			names[label.GetName()] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func promtool(t testing.TB, stdin string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, "promtool"), args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// program returns the path of a program that the tests need.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("no %s found: run make test", name)
	}
	return path
}

func TestMetricsStandInTheirPage(t *testing.T) {
	t.Parallel()
	s, _ := metered(t)
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `wsbridge_") {
			lines[strings.TrimSpace(line)] = true
		}
	}
	for name, family := range families(s) {
		labels := ""
		if names := labelsOf(family); len(names) > 0 {
			labels = " `" + strings.Join(names, "`, `") + "`"
		}
		line := fmt.Sprintf("| `%s` | %s |%s | %s |", name, strings.ToLower(family.GetType().String()), labels, family.GetHelp())
		if !lines[line] {
			t.Errorf("docs/metrics.md does not have the line\n%s", line)
		}
		delete(lines, line)
	}
	for line := range lines {
		t.Errorf("docs/metrics.md has a line that is not true:\n%s", line)
	}
}

func TestMetricsAreNamedAsPrometheusWantsIt(t *testing.T) {
	t.Parallel()
	s, _ := metered(t)
	_, text := s.Get("/metrics")
	promtool(t, text, "check", "metrics")
}

func TestMetricsCountWhatHappens(t *testing.T) {
	t.Parallel()
	s, _ := metered(t)
	begun := families(s)
	c := s.Connect()
	c.Ask("Grüße")
	s.WritePipe(`{"a":1}`)
	s.WritePipe(`{"broken":]`)
	s.Log.Wait("", "skipped")
	toml := s.Read("wsbridge.toml")
	s.Write("wsbridge.toml", toml+"[loop]\ninterval = \"never\"\n")
	s.Reload("not reloaded")
	want := map[string]float64{
		`wsbridge_clients{state="open"}`:                                  1,
		`wsbridge_clients{state="connecting"}`:                            0,
		`wsbridge_clients{state="closing"}`:                               0,
		`wsbridge_connections`:                                            1,
		`wsbridge_handshakes_accepted_total`:                              1,
		`wsbridge_messages_received_total`:                                1,
		`wsbridge_messages_received_bytes_total`:                          float64(len("Grüße")),
		`wsbridge_messages_sent_total`:                                    1,
		`wsbridge_messages_sent_bytes_total`:                              float64(len("Grüße")),
		`wsbridge_event_seconds_count{event="text"}`:                      1,
		`wsbridge_event_seconds_count{event="fifo"}`:                      1,
		`wsbridge_event_queue_length`:                                     0,
		`wsbridge_pipe_documents_total`:                                   1,
		`wsbridge_pipe_skipped_total{reason="invalid JSON"}`:              1,
		`wsbridge_pipe_skipped_bytes_total{reason="invalid JSON"}`:        float64(len(`{"broken":]`)),
		`wsbridge_config_reloads_total{result="failure"}`:                 1,
		`wsbridge_config_reloads_total{result="success"}`:                 0,
		`wsbridge_config_last_reload_successful`:                          0,
		`wsbridge_fpm_up`:                                                 1,
		`wsbridge_fpm_restarts_total`:                                     0,
		`wsbridge_fpm_connections_limit`:                                  4,
		`wsbridge_paused`:                                                 0,
		`wsbridge_log_lines_dropped_total`:                                0,
		`wsbridge_connections_turned_away_total{limit="max_connections"}`: 0,
		`wsbridge_event_failures_total{event="text",reason="exception"}`:  0,
	}
	var text string
	for name, value := range want { // a scrape reads them one by one while they are counted
		harness.Eventually(t, fmt.Sprintf("%s is %v", name, value), func() bool {
			_, text = s.Get("/metrics")
			return harness.Metric(t, text, name) == value
		})
	}
	if got := len(families(s)); got != len(begun) {
		t.Errorf("there were %d metrics at first, and are %d now", len(begun), got)
	}
	before := harness.Metric(t, text, "wsbridge_config_last_reload_success_timestamp_seconds")
	s.Write("wsbridge.toml", toml)
	s.Reload("configuration reloaded")
	harness.Eventually(t, "the reload that worked is told", func() bool {
		_, text = s.Get("/metrics")
		return harness.Metric(t, text, "wsbridge_config_last_reload_successful") == 1 &&
			harness.Metric(t, text, "wsbridge_config_last_reload_success_timestamp_seconds") > before
	})
	if err := s.Control().Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, text = s.Get("/metrics"); harness.Metric(t, text, "wsbridge_paused") != 1 {
		t.Error("the pause is not told")
	}
}

// Every value of a label is there from the start: an alert on an increase would not see the first value of a new series.
func TestMetricsBeginWithZero(t *testing.T) {
	t.Parallel()
	s, _ := metered(t)
	series := func() (names []string) {
		for name, family := range families(s) {
			for _, m := range family.GetMetric() {
				var b bytes.Buffer
				for _, label := range m.GetLabel() {
					fmt.Fprintf(&b, " %s=%s", label.GetName(), label.GetValue())
				}
				names = append(names, name+b.String())
			}
		}
		slices.Sort(names)
		return names
	}
	begun := series()
	s.Refused(nil) // without a cookie
	c := s.Connect()
	c.Send(string([]byte{0xff}))
	if code, _ := c.Closed(); code != 1007 {
		t.Errorf("closed with %d", code)
	}
	harness.Eventually(t, "the client has left", func() bool {
		_, text := s.Get("/metrics")
		return harness.Metric(t, text, `wsbridge_clients_ended_total{ending="not_utf8"}`) == 1
	})
	_, text := s.Get("/metrics")
	if got := harness.Metric(t, text, `wsbridge_requests_refused_total{refusal="handler"}`); got != 1 {
		t.Errorf("%v were refused", got)
	}
	if now := series(); !slices.Equal(begun, now) {
		t.Errorf("there were\n%s\nand are\n%s", strings.Join(begun, "\n"), strings.Join(now, "\n"))
	}
}
