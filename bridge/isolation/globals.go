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
		return protocol.Global{Lives: true, Differs: true, Holds: true, Cause: protocol.Cause{Why: "globals.live names it"}}
	case slices.Contains(a.cfg.ForgetGlobals, name):
		return protocol.Global{Cause: protocol.Cause{Why: "globals.forget names it"}}
	}
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

// FirstOfWorker returns the names of the variables that live and have another value in each worker, sorted. Those that may share an object are
// left to the worker: wsbridge's copies would not share it any more.
func (a *Application) FirstOfWorker() []string {
	return slices.DeleteFunc(a.AllLiving(), func(name string) bool {
		g := a.Global(name)
		return !g.Differs || g.Holds
	})
}

// NotForgotten returns those of the names that the configuration does not tell to forget. It changes names.
func (a *Application) NotForgotten(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(a.cfg.ForgetGlobals, name) })
}

// holders returns the names of the variables that live and may hold the same object as another, sorted.
func (a *Application) holders() []string {
	return slices.DeleteFunc(a.AllLiving(), func(name string) bool { return !a.Global(name).Holds })
}

// living returns the names of the variables that live, sorted and without duplicates. It changes names.
func (a *Application) living(names ...string) []string {
	names = slices.DeleteFunc(names, func(name string) bool { return !a.Global(name).Lives })
	slices.Sort(names)
	return slices.Compact(names)
}
