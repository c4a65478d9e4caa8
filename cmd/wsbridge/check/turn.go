package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/protocol"
)

// How a handler's events run.
const (
	runsAlone  = "alone"  // nothing else runs meanwhile
	runsBeside = "beside" // events of other connections may
	runsBefore = "before" // in each event's request, before its handler
)

// Which rows a handler sees.
const (
	rowsAll  = "all"
	rowsOwn  = "own"  // its client's
	rowsNone = "none" // it has no client
)

// turn is how a handler's events run, and why.
type turn struct {
	Runs string `json:"runs"`
	Rows string `json:"rows"`
	protocol.Cause
}

// String says it to a person.
func (t turn) String() string {
	runs := map[string]string{runsAlone: "alone", runsBeside: "beside others", runsBefore: "before each event"}[t.Runs]
	rows := map[string]string{rowsAll: ", with all rows", rowsOwn: ", own row only", rowsNone: ", without rows"}[t.Rows]
	if t.Runs == runsBefore {
		return runs
	}
	return runs + rows
}

// planner tells the turns of handlers: what they are is the bridge's to say, why they are is found here.
type planner struct {
	isolation  config.Isolation
	initialize string // config.PHP.Initialize
	handlers   protocol.HandlerSet
	globals    []GlobalReport
	turns      map[protocol.Kind]bridge.Turn
}

func newPlanner(cfg config.Config, d protocol.Description, globals []GlobalReport) *planner {
	d.Code = strings.TrimSuffix(d.Code, protocol.Uncertain) // for a moment after a change all handlers run alone; that is not what is asked
	isolation := bridge.Config{Isolation: bridge.Isolation(cfg.Isolation.Mode), HandlerIsolation: cfg.Isolation.Handlers.ByFunction(),
		LiveGlobals: cfg.Globals.Live, ForgetGlobals: cfg.Globals.Forget}
	return &planner{cfg.Isolation, cfg.PHP.Initialize, d.Handlers, globals, bridge.Turns(&isolation, &d)}
}

// turn returns how the events of a handler run. Handlers of one event, those of a close, share its turn.
func (p *planner) turn(kind protocol.Kind, name string) turn {
	if kind == protocol.Initialize && p.initialize == "every" {
		return turn{Runs: runsBefore, Rows: rowsNone, Cause: protocol.Cause{Why: `php.initialize = "every"`}}
	}
	t := turn{Runs: runsBeside, Rows: rowsOwn, Cause: protocol.Cause{Why: p.origin(name)}}
	if protocol.IsServerHandler(name) {
		t.Rows = rowsNone
	}
	why := p.changes
	if p.turns[kind].Alone {
		t.Runs = runsAlone
	}
	if p.turns[kind].Whole {
		t.Rows, why = rowsAll, p.whole
	}
	if cause := p.first(kind, name, why); cause != nil && t.Runs == runsAlone {
		t.Cause = *cause
	}
	return t
}

// first returns the cause that cause finds for the handler, or else for another one of its events.
func (p *planner) first(kind protocol.Kind, name string, cause func(name string) *protocol.Cause) *protocol.Cause {
	if own := cause(name); own != nil {
		return own
	}
	for _, mate := range kind.Handlers() {
		if _, ok := p.handlers[mate]; !ok {
			continue
		}
		if c := cause(mate); c != nil {
			return &protocol.Cause{Why: fmt.Sprintf("shares its turn with %s: %s", mate, c.Why), File: c.File, Line: c.Line}
		}
	}
	return nil
}

// whole returns why the handler gets all rows; nil if it does not.
func (p *planner) whole(name string) *protocol.Cause {
	mode, overruled := p.mode(name)
	switch mode {
	case config.IsolationAuto:
		return p.handlers[name].Table
	case config.IsolationConnection:
		if overruled || !protocol.IsServerHandler(name) {
			return nil
		}
		return &protocol.Cause{Why: "an event of the server"}
	}
	return &protocol.Cause{Why: p.origin(name)}
}

// changes returns which global variable forbids the handler company: of two that change it side by side, one would undo what
// the other has done.
func (p *planner) changes(name string) *protocol.Cause {
	h := p.handlers[name]
	for _, g := range p.globals {
		if g.Lives && slices.Contains(h.Writes, g.Name) {
			return &protocol.Cause{Why: fmt.Sprintf("may write $%s, which lives", g.Name), File: g.File, Line: g.Line}
		}
	}
	return h.AnyGlobal
}

// mode returns the isolation of the handler, and whether it is one of isolation.handlers.
func (p *planner) mode(name string) (mode string, overruled bool) {
	if mode, ok := p.isolation.Handlers[strings.TrimPrefix(name, config.HandlerPrefix)]; ok {
		return mode, true
	}
	return p.isolation.Mode, false
}

// origin is what in the configuration decides about the handler.
func (p *planner) origin(name string) string {
	switch mode, overruled := p.mode(name); {
	case overruled:
		return fmt.Sprintf("isolation.handlers.%s = %q", strings.TrimPrefix(name, config.HandlerPrefix), mode)
	case mode == config.IsolationAuto:
		return "nothing in its code reaches further"
	default:
		return fmt.Sprintf("isolation.mode = %q", mode)
	}
}
