package isolation

import (
	"maps"
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// Global returns whether a global variable lives from event to event, and why. The configuration overrides what the code says.
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

// GlobalNames returns the names of the global variables in the code and in the configuration, sorted.
func (a *Application) GlobalNames() []string {
	names := slices.Concat(slices.Collect(maps.Keys(a.Globals)), a.cfg.LiveGlobals, a.cfg.ForgetGlobals)
	slices.Sort(names)
	return slices.Compact(names)
}

// AllLiving returns the names of all global variables that live, sorted.
func (a *Application) AllLiving() []string { return a.living(a.GlobalNames()...) }

// living returns the names of the variables that live, sorted and without duplicates. It changes names.
func (a *Application) living(names ...string) []string {
	names = slices.DeleteFunc(names, func(name string) bool { return !a.Global(name).Lives })
	slices.Sort(names)
	return slices.Compact(names)
}
