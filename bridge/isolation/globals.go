package isolation

import (
	"maps"
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// Global tells whether a global variable survives from event to event, and why. The configuration overrules what the code says.
func (a *Application) Global(name string) protocol.Global {
	g := a.Globals[name]
	switch {
	case slices.Contains(a.cfg.LiveGlobals, name):
		return protocol.Global{Lives: true, Cause: protocol.Cause{Why: "globals.live names it"}}
	case slices.Contains(a.cfg.ForgetGlobals, name):
		return protocol.Global{Cause: protocol.Cause{Why: "globals.forget names it"}}
	}
	g.Lives = g.Lives && !a.lost[name]
	return g
}

// GlobalNames returns the global variables that the code or the configuration names, sorted.
func (a *Application) GlobalNames() []string {
	names := slices.Concat(slices.Collect(maps.Keys(a.Globals)), a.cfg.LiveGlobals, a.cfg.ForgetGlobals)
	slices.Sort(names)
	return slices.Compact(names)
}

// AllLiving returns every global variable that survives, sorted.
func (a *Application) AllLiving() []string { return a.living(a.GlobalNames()...) }

// living returns those of names that survive, sorted, each once.
func (a *Application) living(names ...string) []string {
	names = slices.DeleteFunc(names, func(name string) bool { return !a.Global(name).Lives })
	slices.Sort(names)
	return slices.Compact(names)
}
