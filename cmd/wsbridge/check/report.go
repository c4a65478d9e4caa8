package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
	"github.com/wsbridge/wsbridge/protocol"
)

// Report is what wsbridge check finds. docs/check.md describes its JSON, whose names stay.
type Report struct {
	Verdict Verdict `json:"verdict"`
	Summary string  `json:"summary"` // the verdict as a sentence

	Config     string     `json:"config,omitempty"`   // the TOML file
	Settings   string     `json:"settings,omitempty"` // the legacy settings file
	EventsFile string     `json:"events_file,omitempty"`
	PHP        *ReportPHP `json:"php,omitempty"` // nil where PHP could not answer
	Files      []string   `json:"files"`         // as PHP names them; the text shows them from the events file's folder
	Functions  int        `json:"functions"`

	Isolation string              `json:"isolation,omitempty"` // isolation.mode
	Resident  bool                `json:"resident"`            // whether PHP runs in workers that stay
	Handlers  []isolation.Handler `json:"handlers"`
	Globals   []GlobalReport      `json:"globals"`
	Fills     []string            `json:"fills"` // global variables that ws_server_initialize fills

	Findings []protocol.Finding `json:"findings"` // errors, then warnings, then notes
}

// ReportPHP is the PHP that answered.
type ReportPHP struct {
	Version    string `json:"version"`
	User       string `json:"user"`       // empty where PHP cannot tell
	FastCGI    string `json:"fastcgi"`    // its address; empty: wsbridge's own
	Initialize string `json:"initialize"` // php.initialize
}

// GlobalReport is a global variable that the application's functions may write.
type GlobalReport struct {
	Name string `json:"name"`
	protocol.Global
}

// The kinds of findings that PHP does not make.
const (
	kindConfig    = "config"    // a problem or a note of the configuration
	kindFPM       = "fpm"       // php-fpm, or what it needs
	kindPHP       = "php"       // what PHP said when the events file ran
	kindIsolation = "isolation" // the configuration keeps rows from a handler that looks for them
	kindLoop      = "loop"      // ws_server_loop rests while nobody is connected
)

// newReport returns a report that names its sources and has found nothing.
func newReport(s config.Sources) *Report {
	return &Report{
		Config: config.Absolute(".", s.Config), Settings: config.Absolute(".", s.Settings),
		Files: []string{}, Handlers: []isolation.Handler{}, Globals: []GlobalReport{}, Fills: []string{}, Findings: []protocol.Finding{},
	}
}

// configured adds what a valid configuration says.
func (r *Report) configured(cfg config.Config) {
	r.Settings = cfg.Legacy.Settings
	r.EventsFile = cfg.PHP.EventsFile
	r.Isolation = cfg.Isolation.Mode
	r.Resident = cfg.PHP.HasResidents()
	for _, note := range cfg.Notes {
		r.find(protocol.LevelWarning, kindConfig, note)
	}
}

// inspected adds what PHP has found.
func (r *Report) inspected(cfg config.Config, i *protocol.Inspection) {
	r.PHP = &ReportPHP{Version: i.PHP, User: i.User, FastCGI: cfg.PHP.FastCGI, Initialize: cfg.PHP.Initialize}
	r.Files = append(r.Files, i.Files...)
	r.Functions = i.Functions
	r.Fills = append(r.Fills, i.Fills...)
	if r.Resident && i.NoResidents != "" {
		r.Resident, cfg.PHP.Resident = false, "off"
		r.find(protocol.LevelWarning, kindFPM, "there are no resident workers, so each event is a request: "+i.NoResidents)
	}
	modes := cfg.RunModes()
	app := isolation.New(&modes, i.Description.AsSettled()) // not as they run for a moment after a change, or at the start
	app = app.WithKnown(app.GlobalNames())
	for _, name := range app.GlobalNames() {
		r.Globals = append(r.Globals, GlobalReport{name, app.Global(name)})
	}
	r.handlers(&modes, app)
	r.races(i.Outside)
	if app.Has(protocol.Loop) && cfg.Loop.WithoutClients == "auto" && !cfg.LoopsWithoutClients() {
		r.find(protocol.LevelWarning, kindLoop, "ws_server_loop() is not called while nobody is connected, as each call is a request to php-fpm: "+
			`set loop.without_clients to "on" if it has work to do then, or to "off" if not`)
	}
	for _, warning := range i.Warnings {
		r.find(protocol.LevelWarning, kindFPM, warning)
	}
	for _, f := range i.Findings {
		r.Findings = append(r.Findings, r.applied(f))
	}
}

// applied returns a finding of PHP's as it applies to the configuration: what resident workers keep needs no change.
func (r *Report) applied(f protocol.Finding) protocol.Finding {
	switch {
	case r.Resident && f.Kept != "":
		f.Level, f.Message = protocol.LevelNote, f.Kept+" is kept by resident workers"
		f.Kept = ""
	case r.Resident && f.Resident != "":
		f.Message = f.Resident
	}
	f.Resident = ""
	return f
}

// handlers says how each handler would run, and warns where it would miss rows that its code looks for.
func (r *Report) handlers(modes *isolation.Config, app *isolation.Application) {
	r.Handlers = app.List(app.Place)
	for _, h := range r.Handlers {
		if need := app.Handlers[h.Name].Table; need != nil && h.Rows != isolation.RowsAll && h.Runs != isolation.RunsBefore {
			r.Findings = append(r.Findings, missedRows(h.Name, *need, modes.Origin(h.Name)))
		}
	}
}

// races says which handlers read and write a file or a database while events of other clients may do the same.
func (r *Report) races(outside map[string]protocol.Cause) {
	for _, h := range r.Handlers {
		cause, ok := outside[h.Name]
		if !ok || h.Runs != isolation.RunsBeside || protocol.IsServerHandler(h.Name) {
			continue
		}
		level, when := protocol.LevelWarning, ""
		if r.Resident {
			level, when = protocol.LevelNote, " while it is slow"
		}
		r.Findings = append(r.Findings, protocol.Finding{Level: level, Kind: kindIsolation, File: cause.File, Line: cause.Line,
			Message: fmt.Sprintf("%s %s, and runs beside those of other clients%s: what it has read may have changed when it writes"+
				" (isolation.handlers.%s = \"serial\" keeps them apart)", h.Name, cause.Why, when, strings.TrimPrefix(h.Name, "ws_server_"))})
	}
}

func missedRows(name string, need protocol.Cause, origin string) protocol.Finding {
	return protocol.Finding{
		Level: protocol.LevelWarning, Kind: kindIsolation, File: need.File, Line: need.Line,
		Message: fmt.Sprintf("%s would not see all rows (%s), but %s", name, origin, need.Why),
	}
}

// find adds a finding without a place in the application's code.
func (r *Report) find(level, kind, message string) {
	r.Findings = append(r.Findings, protocol.Finding{Level: level, Kind: kind, Message: message})
}

// finish sorts the findings by level and sets the verdict. Within a level they keep their order, which for PHP's is that of the code.
func (r *Report) finish() {
	rank := map[string]int{protocol.LevelError: 0, protocol.LevelWarning: 1, protocol.LevelNote: 2}
	slices.SortStableFunc(r.Findings, func(a, b protocol.Finding) int { return cmp.Compare(rank[a.Level], rank[b.Level]) })
	r.Verdict, r.Summary = sumUp(r.count(protocol.LevelError), r.count(protocol.LevelWarning), r.count(protocol.LevelNote))
}

func (r *Report) count(level string) int {
	n := 0
	for _, f := range r.Findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

// Verdict sums a report up in a word.
type Verdict string

// The verdicts.
const (
	Clean    Verdict = "clean"
	Warnings Verdict = "warnings"
	Errors   Verdict = "errors"
)

// sumUp makes a verdict and a sentence of the numbers of findings.
func sumUp(errors, warnings, notes int) (verdict Verdict, summary string) {
	var parts []string
	for _, part := range [...]struct {
		n    int
		noun string
	}{{errors, "error"}, {warnings, "warning"}, {notes, "note"}} {
		if part.n > 0 {
			parts = append(parts, terminal.Plural(part.n, part.noun))
		}
	}
	found := strings.Join(parts, ", ")
	switch {
	case errors > 0:
		return Errors, found + ": it would not work"
	case warnings > 0:
		return Warnings, found + ": it would run, read them first"
	case notes > 0:
		return Clean, found + ": it would run"
	}
	return Clean, "nothing found: it would run"
}
