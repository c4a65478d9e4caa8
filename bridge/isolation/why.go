package isolation

import (
	"fmt"
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// Place is where events run.
type Place string

const (
	// OwnRequest is a request to php-fpm for each event, or for several.
	OwnRequest Place = "a request of its own"
	// AloneWorker is the worker that runs all events in one order.
	AloneWorker Place = "the alone worker"
	// BesideOthers are other workers than that one.
	BesideOthers Place = "workers beside the alone worker"
	// AloneOrBeside is that worker, too, but other workers while handlers of its kind take long.
	AloneOrBeside Place = "the alone worker, or beside others if slow"
)

// Place returns where events of a kind run.
func (a *Application) Place(kind protocol.Kind) Place {
	m := a.RunMode(kind)
	switch {
	case !a.cfg.Resident, m.Outside && !m.Beside:
		return OwnRequest
	case m.Outside:
		return BesideOthers
	case m.Beside:
		return AloneOrBeside
	}
	return AloneWorker
}

// Why returns the reason why a handler's events run where Place says, and as RunMode says. Handlers of the same event, such as the two of a
// close, run the same way, so the reason may be in another handler.
func (a *Application) Why(kind protocol.Kind, handler string) protocol.Cause {
	m, reason := a.RunMode(kind), a.bound
	switch {
	case m.Whole:
		reason = a.whole
	case m.Alone:
		reason = a.changes
	case m.Beside || !a.cfg.Resident:
		return protocol.Cause{Why: a.free(handler)}
	}
	if cause := a.first(kind, handler, reason); cause != nil {
		return *cause
	}
	return protocol.Cause{Why: a.cfg.Origin(handler)}
}

// free returns why a handler's events run beside others.
func (a *Application) free(handler string) string {
	if mode, _ := a.cfg.mode(handler); mode == Auto && a.cfg.Resident {
		return "nothing in its code reaches further than its row, or needs the one process"
	}
	return a.cfg.Origin(handler)
}

// first returns the reason for a handler, or else for another handler of its event, or else nil.
func (a *Application) first(kind protocol.Kind, handler string, reason func(string, protocol.Handler) *protocol.Cause) *protocol.Cause {
	if own := reason(handler, a.Handlers[handler]); own != nil {
		return own
	}
	for _, other := range kind.Handlers() {
		if h, ok := a.Handlers[other]; ok {
			if c := reason(other, h); c != nil {
				return &protocol.Cause{Why: fmt.Sprintf("shares its turn with %s: %s", other, c.Why), File: c.File, Line: c.Line}
			}
		}
	}
	return nil
}

// whole returns why a handler gets all rows, and therefore runs alone; nil if it gets only its own client's.
func (a *Application) whole(name string, h protocol.Handler) *protocol.Cause {
	if protocol.IsProcessHandler(name) {
		return &protocol.Cause{Why: "the process belongs to the alone worker"}
	}
	switch mode, overridden := a.cfg.mode(name); mode {
	case PerConnection:
		if overridden || !protocol.IsServerHandler(name) {
			return nil
		}
		return &protocol.Cause{Why: "an event of the server"}
	case Auto:
		if h.Table == nil && !a.Settled() {
			// opcache may still run the code from before the change, and what that can reach is not known.
			return a.uncertain()
		}
		return h.Table
	}
	return &protocol.Cause{Why: a.cfg.Origin(name)}
}

// changes returns why a handler runs alone even if it does not get all rows: it may change a global variable. Nil: it does not.
func (a *Application) changes(_ string, h protocol.Handler) *protocol.Cause {
	names := a.notLost(a.living(slices.Clone(h.Writes)...))
	if len(names) == 0 {
		return h.AnyGlobal
	}
	g := a.Global(names[0])
	return &protocol.Cause{Why: fmt.Sprintf("may write $%s, which lives", names[0]), File: g.File, Line: g.Line}
}

// notLost returns those of the names whose variables hold what can be passed on.
func (a *Application) notLost(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), a.IsLost)
}

// bound returns why a handler needs the one process that runs all events; nil if any process can run it.
func (a *Application) bound(name string, h protocol.Handler) *protocol.Cause {
	switch {
	case h.Process != nil:
		return h.Process
	case a.wrote[name] != "":
		return &protocol.Cause{Why: fmt.Sprintf("was seen to write %s, which its code does not show", a.wrote[name])}
	case !a.Settled():
		return a.uncertain()
	}
	for _, global := range slices.Concat(h.Reads, h.Writes) {
		if a.IsLost(global) || a.held[global] {
			return &protocol.Cause{Why: fmt.Sprintf("uses $%s, which was given what only one process can hold", global)}
		}
	}
	return nil
}
