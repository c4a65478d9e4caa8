package bridge

import (
	"log/slog"
	"maps"
	"slices"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/protocol"
)

// learnGlobals learns from what an event did to global variables, which is in the table by now. log is the event's.
func (b *Bridge) learnGlobals(changes *protocol.GlobalChanges, log *slog.Logger) {
	app := b.app.Load()
	var regained, lost []string
	told := slices.Concat(changes.First, changes.Unset)
	for _, f := range changes.Set {
		told = append(told, f.Name)
		if app.Losses(f.Name) > 0 {
			regained = append(regained, f.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(changes.Lost)) {
		told = append(told, name)
		if !slices.Contains(changes.First, name) && b.countsAsLost(app, name, changes.Lost[name], log) {
			lost = append(lost, name)
		}
	}
	known := app.Unknown(told)
	if len(regained) == 0 && len(lost) == 0 && len(known) == 0 {
		return
	}
	b.update(func(app *isolation.Application) *isolation.Application {
		return app.WithoutLost(regained).WithLost(lost).WithKnown(known)
	})
}

// countsAsLost reports whether it matters that a global variable was given what cannot be passed on, and logs that. It keeps the value that it
// had, but one that has never been given anything else is not worth waiting for.
func (b *Bridge) countsAsLost(app *isolation.Application, name, what string, log *slog.Logger) bool {
	losses := app.Losses(name)
	isNew := losses == 0
	if isNew {
		log.Warn("global variable keeps its previous value: it was given what cannot outlive an event", "name", name, "what", what)
	}
	if app.IsLost(name) || b.table.HasGlobal(name) {
		return isNew
	}
	if app.WithLost([]string{name}).IsLost(name) {
		log.Warn("global variable starts anew in each event: it is only given what cannot outlive one", "name", name, "what", what)
	}
	return true
}

// commitFirst applies what a resident worker has said when it was filled: the values of global variables that another process would give
// another value.
func (b *Bridge) commitFirst(done *protocol.Done) {
	first := b.app.Load().FirstOfWorker()
	if done == nil || done.Globals == nil && len(first) == 0 {
		return
	}
	b.table.Apply(rows.Change{Globals: done.Globals})
	b.update(func(app *isolation.Application) *isolation.Application {
		if done.Globals != nil && len(done.Globals.Lost) > 0 {
			app = app.WithHeld(slices.Collect(maps.Keys(done.Globals.Lost)))
		}
		return app.WithKnown(first)
	})
}
