package tests

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
)

// metered is a server that has every metric: with TLS, a pipe and a php-fpm of its own. Control is reachable by its socket, and at
// the address that is returned with the token.
func metered(t *testing.T) (s *server, address string) {
	t.Helper()
	a := app{
		handlers: echo + "\nfunction ws_server_fifo(&$connections,$data) { }\n",
		toml:     tlsFiles + "[control]\nlisten = [\"unix:DIR/control.sock\", \"127.0.0.1:0\"]\ntoken_file = \"DIR/token\"\n",
	}
	s = prepare(t, a)
	s.write("token", token+"\n")
	if err := os.Chmod(s.path("token"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newCertificate(t, "x")
	s.install(c)
	s.trust = trust(c)
	s.write("wsbridge.toml", strings.ReplaceAll(s.read("wsbridge.toml"), "DIR", s.dir))
	s.run(a)
	return s, s.log.wait("control is reachable", `"127.0.0.1:`)["address"].(string)
}

// families returns the metrics of wsbridge's own, by name.
func (s *server) families() map[string]*dto.MetricFamily {
	s.t.Helper()
	_, text := s.get("/metrics")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	all, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
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

func promtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, "promtool"), args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// program returns where one of the tests' own is.
func program(t *testing.T, name string) string {
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
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `wsbridge_") {
			lines[strings.TrimSpace(line)] = true
		}
	}
	for name, family := range s.families() {
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
	_, text := s.get("/metrics")
	promtool(t, text, "check", "metrics")
}

func TestMetricsCountWhatHappens(t *testing.T) {
	t.Parallel()
	s, _ := metered(t)
	begun := s.families()
	c := s.connect()
	c.ask("Grüße")
	s.pipe(`{"a":1}`)
	s.pipe(`{"broken":]`)
	s.log.wait("", "skipped")
	toml := s.read("wsbridge.toml")
	s.write("wsbridge.toml", toml+"[loop]\ninterval = \"never\"\n")
	s.reload("not reloaded")
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
	for name, value := range want { // a scrape reads one after the other, while they are counted
		eventually(t, fmt.Sprintf("%s is %v", name, value), func() bool {
			_, text = s.get("/metrics")
			return metric(t, text, name) == value
		})
	}
	if got := len(s.families()); got != len(begun) {
		t.Errorf("there were %d metrics at first, and are %d now", len(begun), got)
	}
	before := metric(t, text, "wsbridge_config_last_reload_success_timestamp_seconds")
	s.write("wsbridge.toml", toml)
	s.reload("configuration reloaded")
	eventually(t, "the reload that worked is told", func() bool {
		_, text = s.get("/metrics")
		return metric(t, text, "wsbridge_config_last_reload_successful") == 1 &&
			metric(t, text, "wsbridge_config_last_reload_success_timestamp_seconds") > before
	})
	if err := s.control().Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, text = s.get("/metrics"); metric(t, text, "wsbridge_paused") != 1 {
		t.Error("the pause is not told")
	}
}

// Every value that a label can have is there before it happens: an alert on an increase does not see a series' first value.
func TestMetricsBeginWithZero(t *testing.T) {
	t.Parallel()
	s, _ := metered(t)
	series := func() (names []string) {
		for name, family := range s.families() {
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
	s.refused(nil) // without a cookie
	c := s.connect()
	c.send(string([]byte{0xff}))
	if code, _ := c.closed(); code != 1007 {
		t.Errorf("closed with %d", code)
	}
	eventually(t, "the client has left", func() bool {
		_, text := s.get("/metrics")
		return metric(t, text, `wsbridge_clients_ended_total{ending="not_utf8"}`) == 1
	})
	_, text := s.get("/metrics")
	if got := metric(t, text, `wsbridge_requests_refused_total{refusal="handler"}`); got != 1 {
		t.Errorf("%v were refused", got)
	}
	if now := series(); !slices.Equal(begun, now) {
		t.Errorf("there were\n%s\nand are\n%s", strings.Join(begun, "\n"), strings.Join(now, "\n"))
	}
}
