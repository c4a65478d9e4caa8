package check

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/protocol"
)

func withResidents(c *config.Config) { c.PHP.Resident = "on" }

// officeReport makes the report on testdata/inspection.json, with one request per event unless change says otherwise.
func officeReport(tb testing.TB, change func(*config.Config)) *Report {
	tb.Helper()
	text, err := os.ReadFile("testdata/inspection.json")
	if err != nil {
		tb.Fatal(err)
	}
	var i protocol.Inspection
	if err := json.Unmarshal(text, &i); err != nil {
		tb.Fatal(err)
	}
	cfg := config.Default()
	cfg.PHP.Resident = "off"
	cfg.PHP.EventsFile = "/srv/office/push_server_events.php"
	cfg.Legacy.Settings = "/etc/office/server_shared.conf"
	cfg.Notes = []string{"/etc/office/server_shared.conf:7: not a line of the form KEY=VALUE, ignored"}
	if change != nil {
		change(&cfg)
	}
	r := newReport(config.Sources{})
	r.configured(cfg)
	r.inspected(cfg, &i)
	r.finish()
	return r
}

func TestReportIsWrittenForPeopleAndForPrograms(t *testing.T) {
	r := officeReport(t, nil)
	resident := officeReport(t, withResidents)
	for file, write := range map[string]func(*bytes.Buffer) error{
		"report.txt":   func(b *bytes.Buffer) error { return r.WriteText(b) },
		"report.json":  func(b *bytes.Buffer) error { return r.WriteJSON(b) },
		"resident.txt": func(b *bytes.Buffer) error { return resident.WriteText(b) },
	} {
		want, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Error(err)
		}
		var got bytes.Buffer
		if err := write(&got); err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want) {
			t.Errorf("%s: got\n%s", file, got.String())
		}
	}
}

func TestReportPlansTurnsAsConfigured(t *testing.T) {
	auto := map[string]string{
		"initialize": "before none", "loop": "alone all", "fifo": "beside none", "authenticate": "beside own", "open": "alone all",
		"text": "alone own", "binary": "beside own", "before_close": "alone all", "after_close": "alone all",
	}
	serial := map[string]string{}
	for name := range auto {
		serial[name] = "alone all"
	}
	resident := maps.Clone(auto) // an event that runs alone does so in the process that has all rows
	maps.Copy(resident, map[string]string{"text": "alone all", "binary": "alone all"})
	for name, tt := range map[string]struct {
		change func(*config.Config)
		usual  map[string]string
		want   map[string]string // what differs from usual
	}{
		"auto":     {nil, auto, nil},
		"resident": {withResidents, resident, nil},
		"resident serial": {func(c *config.Config) { withResidents(c); c.Isolation.Mode = "serial" }, serial,
			map[string]string{"initialize": "before none"}},
		"resident connection": {func(c *config.Config) { withResidents(c); c.Isolation.Mode = "connection" }, resident, map[string]string{
			"open": "beside own", "binary": "beside own", "before_close": "beside own", "after_close": "beside own", "fifo": "alone all",
		}},
		"serial":     {func(c *config.Config) { c.Isolation.Mode = "serial" }, serial, map[string]string{"initialize": "before none"}},
		"initialize": {func(c *config.Config) { c.PHP.Initialize = "once" }, auto, map[string]string{"initialize": "beside none"}},
		"initialize lives": {func(c *config.Config) { c.PHP.Initialize, c.Globals.Live = "once", []string{"templates"} }, auto,
			map[string]string{"initialize": "alone none"}},
		"forget": {func(c *config.Config) { c.Globals.Forget = []string{"counter"} }, auto, map[string]string{"text": "beside own"}},
		"read only": {func(c *config.Config) {
			c.Globals = config.Globals{Live: []string{"templates"}, Forget: []string{"counter"}}
		}, auto, map[string]string{"text": "beside own"}},
		"overruled open":   {func(c *config.Config) { c.Isolation.Handlers["open"] = "connection" }, auto, map[string]string{"open": "beside own"}},
		"overruled fifo":   {func(c *config.Config) { c.Isolation.Handlers["fifo"] = "serial" }, auto, map[string]string{"fifo": "alone all"}},
		"overruled loop":   {func(c *config.Config) { c.Isolation.Handlers["loop"] = "connection" }, auto, map[string]string{"loop": "beside none"}},
		"overruled binary": {func(c *config.Config) { c.Isolation.Handlers["binary"] = "serial" }, auto, map[string]string{"binary": "alone all"}},
		"connection": {func(c *config.Config) { c.Isolation.Mode = "connection" }, auto, map[string]string{
			"open": "beside own", "before_close": "beside own", "after_close": "beside own", "fifo": "alone all",
		}},
		"connection overruled": {func(c *config.Config) {
			c.Isolation = config.Isolation{Mode: "connection", Handlers: config.HandlerModes{"fifo": "connection", "before_close": "serial"}}
		}, auto, map[string]string{"open": "beside own"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, h := range officeReport(t, tt.change).Handlers {
				short := strings.TrimPrefix(h.Name, config.HandlerPrefix)
				want, ok := tt.want[short]
				if !ok {
					want = tt.usual[short]
				}
				if got := h.Runs + " " + h.Rows; got != want {
					t.Errorf("%s: got %s, want %s (%s)", short, got, want, h.Why)
				}
			}
		})
	}
}

func TestReportWarnsOfHandlersThatMissRows(t *testing.T) {
	r := officeReport(t, func(c *config.Config) { c.Isolation.Handlers["open"] = "connection" })
	want := protocol.Finding{
		Level: protocol.LevelWarning, Kind: kindIsolation, File: "/srv/office/office_utils.php", Line: 17,
		Message: `ws_server_open would not see all rows (isolation.handlers.open = "connection"), but office_presence() uses $connections`,
	}
	if !slices.Contains(r.Findings, want) {
		t.Errorf("got %+v", r.Findings)
	}
}

func TestHandlersThatMayWriteAnyGlobalRunAlone(t *testing.T) {
	cause := &protocol.Cause{Why: "$GLOBALS[$name] is written", File: "/e.php", Line: 3}
	d := protocol.Description{Handlers: protocol.HandlerSet{"ws_server_text": {AnyGlobal: cause}}}
	app := isolation.New(&isolation.Config{Mode: isolation.Auto}, &d)
	want := isolation.Handler{Name: "ws_server_text", Runs: isolation.RunsAlone, Rows: isolation.RowsOwn, Cause: *cause, Place: isolation.OwnRequest}
	if got := app.List(app.Place); !slices.Equal(got, []isolation.Handler{want}) {
		t.Errorf("got %+v", got)
	}
}

func TestVerdicts(t *testing.T) {
	for _, tt := range []struct {
		errors, warnings, notes int
		verdict                 Verdict
		summary                 string
	}{
		{1, 0, 0, Errors, "1 error: it would not work"},
		{2, 1, 3, Errors, "2 errors, 1 warning, 3 notes: it would not work"},
		{0, 2, 0, Warnings, "2 warnings: it would run, read them first"},
		{0, 0, 1, Clean, "1 note: it would run"},
		{0, 0, 0, Clean, "nothing found: it would run"},
	} {
		verdict, summary := sumUp(tt.errors, tt.warnings, tt.notes)
		if verdict != tt.verdict || summary != tt.summary {
			t.Errorf("got %s, %s", verdict, summary)
		}
	}
}

func TestTextCannotActOnATerminal(t *testing.T) {
	r := newReport(config.Sources{})
	r.find(protocol.LevelError, "php", "\x1b[2J\rgone\u009b1m")
	r.Files = slices.Repeat([]string{"/a\nb.php"}, maxShownFiles+3)
	r.finish()
	var out bytes.Buffer
	if err := r.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\r\u009b") || !strings.Contains(out.String(), "/a b.php\n") {
		t.Errorf("got %q", out.String())
	}
	if !strings.Contains(out.String(), "and 3 more files") {
		t.Errorf("got %s", out.String())
	}
}

func TestFindingsOfTheLogKeepTheirPlaceAndComeOnce(t *testing.T) {
	var logged logFindings
	log := logged.logger(kindPHP)
	for range 2 {
		log.With("file", "/e.php", "line", 7).Warn("Undefined variable $x")
		log.Info("hello")
	}
	log.Error("php printed", "text", "boo")
	want := []protocol.Finding{
		{Level: protocol.LevelWarning, Kind: kindPHP, Message: "Undefined variable $x", File: "/e.php", Line: 7},
		{Level: protocol.LevelWarning, Kind: kindPHP, Message: "php printed: boo"},
	}
	if got := logged.list(); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}
