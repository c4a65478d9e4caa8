package bridge

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/protocol"
)

// describe asks the PHP of cfg what the application's code can do, and logs that. If before is of the same files, what the operator should
// know about them has been logged already. It is called with describing held.
func (b *Bridge) describe(ctx context.Context, cfg *Config, before *isolation.Application) (*isolation.Application, error) {
	d, err := cfg.PHP.Describe(ctx)
	if err != nil {
		return nil, err
	}
	if !d.Has(protocol.Authenticate) {
		return nil, errNoAuthenticate
	}
	app := isolation.New(&cfg.Isolation, d)
	b.log.Info("application described", keyVersion, app.PHP, "handlers", len(app.Handlers), "certain", app.Settled(),
		"alone", app.HandlersAlone(), "live_globals", app.AllLiving())
	if before == nil || !before.HasFiles(d.Code) {
		b.logNotes(app)
	}
	return app, nil
}

// logNotes logs what the operator should know about the code.
func (b *Bridge) logNotes(app *isolation.Application) {
	for _, w := range app.Warnings {
		b.log.Warn(w)
	}
	for _, s := range app.Statics {
		b.log.Info(s.Why, keyFile, s.File, keyLine, s.Line)
	}
	for _, name := range slices.Sorted(maps.Keys(app.Globals)) {
		if g := app.Global(name); !g.Lives {
			b.log.Info("global variable starts anew in each event", "name", name, "why", g.Why, keyFile, g.File, keyLine, g.Line)
		}
	}
}

// redescribe describes code that has changed since app was made. code is the fingerprint of the code in PHP.
func (b *Bridge) redescribe(app *isolation.Application, code string) {
	b.describing.Lock()
	defer b.describing.Unlock()
	if b.app.Load() != app {
		return // another event has
	}
	fresh, err := b.describe(b.base, b.cfg(), app)
	switch {
	case err != nil:
		b.log.Error("the changed application cannot be described: its events run alone", keyError, err)
		fresh = app.WithVariant(code)
	case fresh.Code == app.Code:
		if !app.Varies() {
			b.log.Warn("the application includes other files in other requests: its events run alone")
		}
		fresh = app.WithVariant(code)
	}
	b.app.Store(fresh)
}

// markLost records global variables that were set to values that cannot be passed on. values describes them by name. log is the event's.
func (b *Bridge) markLost(values map[string]string, log *slog.Logger) {
	if len(values) == 0 {
		return
	}
	b.describing.Lock()
	defer b.describing.Unlock()
	app := b.app.Load()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !app.IsLost(name) {
			names = append(names, name)
			log.Warn("global variable starts anew in each event: it was given what cannot outlive one", "name", name, "what", values[name])
		}
	}
	if len(names) > 0 {
		b.app.Store(app.WithLost(names))
	}
}

// hasHandler reports whether there is a handler for events of kind k.
func (b *Bridge) hasHandler(k protocol.Kind) bool {
	app := b.app.Load()
	return app != nil && app.Has(k)
}
