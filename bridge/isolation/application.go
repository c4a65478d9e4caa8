package isolation

import (
	"maps"
	"slices"
	"strings"

	"github.com/wsbridge/wsbridge/protocol"
)

// Application is what is known of the application's code, and how its events run for that reason.
type Application struct {
	*protocol.Description
	cfg      *Config
	lost     map[string]bool // global variables that were given what cannot be carried
	variants map[string]bool // if not nil: fingerprints other than Code that were seen although the code is the same
	modes    map[protocol.Kind]*RunMode
}

// New returns the application that d describes, run as cfg says.
func New(cfg *Config, d *protocol.Description) *Application {
	return (&Application{Description: d, cfg: cfg}).with(func(*Application) {})
}

// with returns a copy that change was made to.
func (a *Application) with(change func(*Application)) *Application {
	b := *a
	change(&b)
	b.modes = map[protocol.Kind]*RunMode{}
	for _, kind := range protocol.Kinds() {
		b.modes[kind] = b.newRunMode(kind)
	}
	return &b
}

// Under returns the same application, run as cfg says.
func (a *Application) Under(cfg *Config) *Application {
	return a.with(func(b *Application) { b.cfg = cfg })
}

// WithLost notes global variables that were given what no process can hand to another.
func (a *Application) WithLost(names []string) *Application {
	return a.with(func(b *Application) { b.lost = including(a.lost, names...) })
}

// IsLost reports whether WithLost has noted a global variable.
func (a *Application) IsLost(name string) bool { return a.lost[name] }

// WithVariant notes a fingerprint that the same code has in another request, because it includes other files there. From then on all
// its events run alone.
func (a *Application) WithVariant(code string) *Application {
	return a.with(func(b *Application) { b.variants = including(a.variants, code) })
}

// Varies reports whether WithVariant has noted a fingerprint.
func (a *Application) Varies() bool { return a.variants != nil }

// Knows reports whether code is a fingerprint of the code described.
func (a *Application) Knows(code string) bool { return code == a.Code || a.variants[code] }

// IsOf reports whether code is a fingerprint of the same files, whether or not it is settled.
func (a *Application) IsOf(code string) bool {
	return strings.TrimSuffix(code, protocol.Uncertain) == strings.TrimSuffix(a.Code, protocol.Uncertain)
}

// HandlersAlone returns the handlers that get all rows once the code is settled, sorted.
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

// including returns a copy of set that has names too.
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
