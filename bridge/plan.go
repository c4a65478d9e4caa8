package bridge

import (
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// plan is how an event runs.
type plan struct {
	code  string // the code it was made for; empty: for whatever there is
	alone bool   // no other event runs meanwhile
	whole bool   // it gets all rows, not only its client's own
	// What else it gets: the keys of open clients, $sockets, and the values of global variables that live.
	open    bool
	sockets bool
	values  []string
	// Which global variables it may change; any: those that have no name in the code, too.
	globals []string
	any     bool
}

// Turn is how the events of a kind run.
type Turn struct {
	Alone bool // no other event runs meanwhile
	Whole bool // with the rows of all clients, not only its own
}

// Turns tells how the events of each kind would run in a Bridge with cfg's isolation and global variables, if the
// application is as described.
func Turns(cfg *Config, d *protocol.Description) map[protocol.Kind]Turn {
	turns := map[protocol.Kind]Turn{}
	for kind, p := range newApplication(cfg, d).plans {
		turns[kind] = Turn{p.alone, p.whole}
	}
	return turns
}

// makePlans makes the plan of each kind of event, from the code of its handlers.
func (a *application) makePlans() {
	a.plans = map[protocol.Kind]*plan{}
	for _, kind := range protocol.Kinds() {
		p := &plan{code: a.Code}
		for _, name := range kind.Handlers() {
			if h, ok := a.Handlers[name]; ok {
				p.join(a, name, h)
			}
		}
		if a.varies != nil {
			p = a.doubt()
		}
		a.plans[kind] = p
	}
}

// doubt is the plan of an event whose code could be any: all events were run like that by the original.
func (a *application) doubt() *plan {
	all := a.allLiving()
	return &plan{alone: true, whole: true, sockets: true, values: all, globals: all, any: true}
}

// join makes p fit a further handler.
func (p *plan) join(a *application, name string, h protocol.Handler) {
	if a.reachesTable(name, h) {
		p.alone, p.whole = true, true
	}
	p.open = p.open || h.Peers && !a.Presence
	p.sockets = p.sockets || h.Sockets != nil
	p.globals = a.living(append(p.globals, h.Writes...)...)
	p.values = a.living(slices.Concat(p.values, h.Reads, h.Writes)...)
	if h.AnyGlobal != nil {
		p.values, p.any = a.allLiving(), true
	}
	// Of two that change the same variable side by side, one would undo what the other has done.
	p.alone = p.alone || p.any || len(p.globals) > 0
}

// handlersAlone returns the handlers that get all rows once the code is certain, sorted.
func (a *application) handlersAlone() []string {
	certain := *a.Description
	certain.Code = ""
	b := &application{Description: &certain, cfg: a.cfg}
	names := []string{}
	for name, h := range a.Handlers {
		if b.reachesTable(name, h) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// reachesTable reports whether a handler gets all rows, and so has to run alone.
func (a *application) reachesTable(name string, h protocol.Handler) bool {
	mode, ok := a.cfg.HandlerIsolation[name]
	if !ok {
		mode = a.cfg.Isolation
	}
	switch mode {
	case PerConnection:
		return !ok && protocol.IsServerHandler(name)
	case Auto:
		// Code that has just changed may still run as it was, and nobody has read what that could reach.
		return h.Table != nil || !a.Settled()
	}
	return true
}
