package isolation

import "maps"

// Learned is what events have shown about an application that its code does not: for another process that runs the same code.
type Learned struct {
	Code  string            // fingerprint of the described code
	Lost  map[string]int    // how often global variables were set to a value that no process can pass on, and to nothing else
	Known map[string]bool   // global variables whose first value is known, or cannot be
	Held  map[string]bool   // global variables whose values only the process that runs all events has
	Wrote map[string]string // what a handler was seen to write, by its name
}

// Learned returns what was learned about a, which others must not change.
func (a *Application) Learned() Learned {
	return Learned{Code: a.Code, Lost: maps.Clone(a.lost), Known: maps.Clone(a.known), Held: maps.Clone(a.held), Wrote: maps.Clone(a.wrote)}
}

// WithLearned returns the application with what another process has learned. If that had other code, which it reports with false, that is nothing.
func (a *Application) WithLearned(l *Learned) (learned *Application, same bool) {
	if !a.HasFiles(l.Code) {
		return a, false
	}
	return a.with(func(b *Application) { b.lost, b.known, b.held, b.wrote = l.Lost, l.Known, l.Held, l.Wrote }), true
}
