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
	lost     map[string]bool // global variables that were set to a value that no process can pass on
	variants map[string]bool // fingerprints of the same code other than Code; nil: none
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
	}
	return &b
}

// Under returns the same application under another configuration.
func (a *Application) Under(cfg *Config) *Application {
	return a.with(func(b *Application) { b.cfg = cfg })
}

// WithLost returns the application with the knowledge that these global variables were set to values that no process can pass on to
// another.
func (a *Application) WithLost(names []string) *Application {
	return a.with(func(b *Application) { b.lost = including(a.lost, names...) })
}

// IsLost reports whether WithLost was called with a global variable.
func (a *Application) IsLost(name string) bool { return a.lost[name] }

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
