package isolation

import (
	"maps"
	"slices"
	"strings"

	"github.com/wsbridge/wsbridge/protocol"
)

// Application is what is known about the application's code, and how its events run as a result.
type Application struct {
	*protocol.Description
	cfg      *Config
	lost     map[string]int    // how often global variables were set to a value that no process can pass on, and to nothing else
	known    map[string]bool   // global variables whose first value is known, or cannot be
	wrote    map[string]string // what a handler was seen to write that its code does not show
	held     map[string]bool   // global variables whose values only the process that runs all events has
	variants map[string]bool   // fingerprints of the same code other than Code; nil: none
	certain  bool              // the described code is what runs, although its fingerprint does not say so
	modes    map[protocol.Kind]*RunMode
}

// New returns the application that d describes, under the configuration cfg.
func New(cfg *Config, d *protocol.Description) *Application {
	return (&Application{Description: d, cfg: cfg}).with(func(*Application) {})
}

// with returns a copy to which change has been applied.
func (a *Application) with(change func(*Application)) *Application {
	b := *a
	change(&b)
	b.modes = map[protocol.Kind]*RunMode{}
	for _, kind := range protocol.Kinds() {
		b.modes[kind] = b.newRunMode(kind)
		b.modes[kind].Handled = b.Has(kind)
	}
	return &b
}

// Under returns the same application under another configuration.
func (a *Application) Under(cfg *Config) *Application {
	return a.with(func(b *Application) { b.cfg = cfg })
}

// lostAfter is how many values in a row have to be lost until a global variable counts as one that holds nothing else. One value may be what a
// client has brought about.
const lostAfter = 8

// WithLost returns the application with the knowledge that these global variables were set to values that no process can pass on to
// another. What holds nothing else does not make handlers run alone.
func (a *Application) WithLost(names []string) *Application {
	return a.with(func(b *Application) {
		b.lost = maps.Clone(a.lost)
		if b.lost == nil {
			b.lost = map[string]int{}
		}
		for _, name := range names {
			b.lost[name]++
		}
	})
}

// WithoutLost returns the application with the knowledge that these global variables were set to values that can be passed on.
func (a *Application) WithoutLost(names []string) *Application {
	return a.with(func(b *Application) {
		b.lost = maps.Clone(a.lost)
		for _, name := range names {
			delete(b.lost, name)
		}
	})
}

// IsLost reports whether a global variable holds nothing but what no process can pass on.
func (a *Application) IsLost(name string) bool { return a.lost[name] >= lostAfter }

// Losses returns how often WithLost was called with a global variable, and not WithoutLost after it.
func (a *Application) Losses(name string) int { return a.lost[name] }

// WithKnown returns the application with the knowledge that the first values of these global variables are known, or that they cannot be.
func (a *Application) WithKnown(names []string) *Application {
	return a.with(func(b *Application) { b.known = including(a.known, names...) })
}

// Unknown returns those of the names whose variables live and have a first value that is not known yet. It changes names. What variables share
// that a worker holds is known to that worker only.
func (a *Application) Unknown(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool {
		g := a.Global(name)
		return !g.Lives || !g.Differs || a.known[name] || a.cfg.Resident && g.Holds
	})
}

// WithHeld returns the application with the knowledge that these global variables have values which only the process that runs all events
// can hold. Handlers that use them run there.
func (a *Application) WithHeld(names []string) *Application {
	return a.with(func(b *Application) { b.held = including(a.held, names...) })
}

// IsHeld reports whether WithHeld was called with a global variable.
func (a *Application) IsHeld(name string) bool { return a.held[name] }

// Knowing returns the application with what was learned about before, which is the same code.
func (a *Application) Knowing(before *Application) *Application {
	return a.with(func(b *Application) {
		b.lost, b.known, b.held, b.wrote = before.lost, before.known, before.held, before.wrote
	})
}

// WithWriter returns the application with the knowledge that an event of a kind wrote something that its handlers' code does not show, such as
// "$counter" or "A::$n". Its events no longer run beside others.
func (a *Application) WithWriter(kind protocol.Kind, what string) *Application {
	return a.with(func(b *Application) {
		b.wrote = maps.Clone(a.wrote)
		if b.wrote == nil {
			b.wrote = map[string]string{}
		}
		for _, name := range kind.Handlers() {
			b.wrote[name] = what
		}
	})
}

// IsWriter reports whether WithWriter was called with a kind.
func (a *Application) IsWriter(kind protocol.Kind) bool {
	return slices.ContainsFunc(kind.Handlers(), func(name string) bool { return a.wrote[name] != "" })
}

// WithVariant returns the application with the knowledge that the same code had another fingerprint in another request, because it
// included other files there. All of its events run alone.
func (a *Application) WithVariant(code string) *Application {
	return a.with(func(b *Application) { b.variants = including(a.variants, code) })
}

// Varies reports whether WithVariant was called.
func (a *Application) Varies() bool { return a.variants != nil }

// Knows reports whether code is a fingerprint of the described code.
func (a *Application) Knows(code string) bool { return code == a.Code || a.variants[code] }

// HasFiles reports whether code is a fingerprint of the described files, settled or not.
func (a *Application) HasFiles(code string) bool {
	return strings.TrimSuffix(code, protocol.Uncertain) == strings.TrimSuffix(a.Code, protocol.Uncertain)
}

// Certain returns the application with the knowledge that the described code is what runs.
func (a *Application) Certain() *Application {
	return a.with(func(b *Application) { b.certain = true })
}

// Settled reports whether the described code is certain to be the code that runs.
func (a *Application) Settled() bool { return a.certain || a.Description.Settled() }

// uncertain returns why an event runs alone while the code is not settled.
func (a *Application) uncertain() *protocol.Cause {
	if a.Ahead != nil {
		return &protocol.Cause{Why: "its code has just changed, and " + a.Ahead.Why}
	}
	return &protocol.Cause{Why: "its code has just changed"}
}

// HandlersAlone returns the names of the handlers that will get all rows when the code is settled, sorted.
func (a *Application) HandlersAlone() []string {
	settled := a.with(func(b *Application) { b.Description = a.AsSettled() })
	names := []string{}
	for name, h := range a.Handlers {
		if settled.whole(name, h) != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// including returns a copy of set with names added.
func including(set map[string]bool, names ...string) map[string]bool {
	fuller := maps.Clone(set)
	if fuller == nil {
		fuller = map[string]bool{}
	}
	for _, name := range names {
		fuller[name] = true
	}
	return fuller
}
