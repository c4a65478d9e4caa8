package observe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

const (
	rules     = "../../deploy/prometheus/wsbridge.rules.yml"
	ruleTests = "../../deploy/prometheus/wsbridge.rules_test.yml"
	scraping  = "../../deploy/prometheus/prometheus.yml"
	dashboard = "../../deploy/grafana/wsbridge.json"
)

func TestAlertRules(t *testing.T) {
	t.Parallel()
	promtool(t, "", "check", "rules", rules)
	promtool(t, "", "test", "rules", ruleTests)
	alerts := names(t, rules, `- alert: (\w+)`)
	fired, quiet := names(t, ruleTests, `ALERTS\{alertname="(\w+)".*value: 1`), names(t, ruleTests, `ALERTS\{alertname="(\w+)"`)
	for _, alert := range alerts {
		if !slices.Contains(fired, alert) {
			t.Errorf("%s is never seen to fire", alert)
		}
		if n := count(quiet, alert); n <= 2*count(fired, alert) {
			t.Errorf("%s is never seen not to fire", alert)
		}
	}
}

func TestAlertsAreExplained(t *testing.T) {
	alerts, explained := names(t, rules, `- alert: (\w+)`), names(t, "../../docs/troubleshooting.md", "`(Wsbridge\\w+)`")
	slices.Sort(alerts)
	slices.Sort(explained)
	if !slices.Equal(alerts, explained) {
		t.Errorf("the rules have\n%q\nand docs/troubleshooting.md has\n%q", alerts, explained)
	}
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

// names returns what the pattern's group matches in a file.
func names(t *testing.T, path, pattern string) (found []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		found = append(found, match[1])
	}
	if len(found) == 0 {
		t.Fatalf("nothing in %s is like %s", path, pattern)
	}
	return found
}

// expressions returns what the dashboard asks Prometheus for, by the title of the plot, with Grafana's variables filled
// in.
func expressions(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Annotations struct{ List []struct{ Name, Expr string } }
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("$__rate_interval", "1m", "$instance", ".*", "$job", "wsbridge")
	all := map[string][]string{}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			all[p.Title] = append(all[p.Title], fill.Replace(target.Expr))
		}
	}
	for _, a := range d.Annotations.List {
		all["annotation "+a.Name] = []string{fill.Replace(a.Expr)}
	}
	return all
}

// prometheus is a real one.
type prometheus struct {
	t       testing.TB
	address string
}

// scrapedBy runs Prometheus as deploy/prometheus has it, with wsbridge's metrics at address, and s's token; but it
// scrapes more often, and what has to last that long for an alert does not.
func scrapedBy(s *harness.Server, address, lasting string) *prometheus {
	s.T.Helper()
	config := edit(s.T, scraping, map[string]string{`["127.0.0.1:9180"]`: `["` + address + `"]`,
		"scrape_interval: 15s": "scrape_interval: 2s", "wsbridge.token": s.Path("token"),
		"rule_files:": "global: {evaluation_interval: 500ms}\nrule_files:"})
	s.Write("prometheus.yml", config)
	text, err := os.ReadFile(rules)
	if err != nil {
		s.T.Fatal(err)
	}
	s.Write("wsbridge.rules.yml", regexp.MustCompile(`for: `+lasting).ReplaceAllString(string(text), "for: 1s"))
	promtool(s.T, "", "check", "config", s.Path("prometheus.yml"))
	p := &prometheus{s.T, fmt.Sprintf("127.0.0.1:%d", harness.FreePort(s.T))}
	var log bytes.Buffer
	cmd := exec.Command(program(s.T, "prometheus"), "--config.file="+s.Path("prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(s.T.TempDir(), "tsdb"), "--web.listen-address="+p.address)
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if s.T.Failed() {
			s.T.Log(log.String())
		}
	})
	harness.Eventually(s.T, "Prometheus listens", func() bool { return harness.Listening("tcp", p.address) })
	return p
}

// edit returns a file's text with changes; each old text must be there once.
func edit(t testing.TB, path string, changes map[string]string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.DeleteFunc(strings.SplitAfter(string(b), "\n"), func(line string) bool { return strings.HasPrefix(line, "#") })
	text := strings.Join(lines, "")
	for old, changed := range changes {
		if strings.Count(text, old) != 1 {
			t.Fatalf("%s does not have one %q", path, old)
		}
		text = strings.Replace(text, old, changed, 1)
	}
	return text
}

// sample is one result of a query.
type sample struct {
	Metric map[string]string
	Value  [2]any // time and value
}

// query returns an expression's results of now.
func (p *prometheus) query(s *harness.Server, expr string) []sample {
	p.t.Helper()
	var answer struct {
		Error string
		Data  struct{ Result []sample }
	}
	r := httptest.NewRequest(http.MethodGet, "http://"+p.address+"/api/v1/query?query="+url.QueryEscape(expr), nil)
	status, body := harness.Fetch(s.T, &http.Client{Timeout: harness.Patience}, r)
	if status == http.StatusServiceUnavailable { // it has just started
		return nil
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Error != "" {
		p.t.Fatalf("%s: %v, %s", expr, err, body)
	}
	return answer.Data.Result
}

func TestPrometheusScrapesAndAlerts(t *testing.T) {
	t.Parallel()
	s, address := metered(t)
	p := scrapedBy(s, address, "1m")
	c := s.Connect()
	harness.Eventually(t, "Prometheus has seen events twice", func() bool {
		c.Ask("hello")
		s.WritePipe(`{"a":1}`)
		return len(p.query(s, `rate(wsbridge_event_seconds_count{event="text"}[1m]) > 0`)) > 0
	})
	for title, all := range expressions(t) {
		for _, expr := range all {
			if strings.HasPrefix(title, "annotation ") {
				p.query(s, expr) // it asks for what has not happened
				continue
			}
			harness.Eventually(t, fmt.Sprintf("the dashboard's %q has something to show: %s", title, expr), func() bool {
				return len(p.query(s, expr)) > 0 // nothing after a scrape that timed out
			})
		}
	}
	for _, expr := range names(t, rules, `\b((?:wsbridge|process)_\w+)`) {
		if len(p.query(s, "present_over_time("+expr+"[1m])")) == 0 {
			t.Errorf("the alert rules know a metric that there is not: %s", expr)
		}
	}
	// The certificate is for an hour, and on a busy machine a scrape may time out.
	if alerts := p.query(s, `ALERTS{alertname!~"WsbridgeCertificate.*|WsbridgeDown"}`); len(alerts) > 0 {
		t.Errorf("a healthy server has alerts: %v", alerts)
	}
	s.Write("wsbridge.toml", s.Read("wsbridge.toml")+"[loop]\ninterval = \"never\"\n")
	s.Reload("not reloaded")
	harness.Eventually(t, "the failed reload has an alert", func() bool {
		return len(p.query(s, `ALERTS{alertname="WsbridgeReloadFailed", alertstate="firing"}`)) == 1
	})
}
