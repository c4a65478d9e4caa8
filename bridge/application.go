package bridge

import (
	"maps"
	"slices"
	"strings"

	"github.com/wsbridge/wsbridge/protocol"
)

// application is what is known of the application's code, and how its events run for that reason. It never changes: what
// is found out later makes another one.
type application struct {
	*protocol.Description
	cfg    *Config
	lost   map[string]bool // global variables that were given what cannot be carried
	varies map[string]bool // if not nil: fingerprints other than Code that were seen although the code is the same
	plans  map[protocol.Kind]*plan
}

func newApplication(cfg *Config, d *protocol.Description) *application {
	a := &application{Description: d, cfg: cfg}
	a.makePlans()
	return a
}

// with returns a copy that change was made to.
func (a *application) with(change func(*application)) *application {
	b := *a
	change(&b)
	b.makePlans()
	return &b
}

// under returns the same application as cfg has it run.
func (a *application) under(cfg *Config) *application {
	return a.with(func(b *application) { b.cfg = cfg })
}

// withLost notes global variables that were given what no process can hand to another.
func (a *application) withLost(names []string) *application {
	return a.with(func(b *application) {
		b.lost = maps.Clone(a.lost)
		if b.lost == nil {
			b.lost = map[string]bool{}
		}
		for _, name := range names {
			b.lost[name] = true
		}
	})
}

// withVariant notes a fingerprint that the same code has in another request, since it includes other files there.
func (a *application) withVariant(code string) *application {
	return a.with(func(b *application) {
		b.varies = maps.Clone(a.varies)
		if b.varies == nil {
			b.varies = map[string]bool{}
		}
		b.varies[code] = true
	})
}

// knows reports whether code is a fingerprint of the code described.
func (a *application) knows(code string) bool { return code == a.Code || a.varies[code] }

// isOf reports whether code is a fingerprint of the same files, certain or not.
func (a *application) isOf(code string) bool {
	return strings.TrimSuffix(code, protocol.Uncertain) == strings.TrimSuffix(a.Code, protocol.Uncertain)
}

// lives reports whether a global variable survives from event to event.
func (a *application) lives(name string) bool {
	switch {
	case slices.Contains(a.cfg.LiveGlobals, name):
		return true
	case slices.Contains(a.cfg.ForgetGlobals, name), a.lost[name]:
		return false
	}
	return a.Globals[name].Lives
}

// living returns those of names that live, sorted, each once.
func (a *application) living(names ...string) []string {
	names = slices.DeleteFunc(names, func(name string) bool { return !a.lives(name) })
	slices.Sort(names)
	return slices.Compact(names)
}

// allLiving returns every global variable that lives.
func (a *application) allLiving() []string {
	return a.living(slices.AppendSeq(slices.Clone(a.cfg.LiveGlobals), maps.Keys(a.Globals))...)
}
