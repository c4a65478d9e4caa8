package bridge

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/protocol"
)

// errNoAuthenticate refuses an application that could let nobody in; every other handler is optional.
var errNoAuthenticate = errors.New("ws_server_authenticate is not defined in the events file")

// describe asks cfg's PHP what the application's code can do, and what for it needs no request. Of code that was described before
// only that is logged. The caller holds describing.
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

// logNotes writes what the operator should know of the code.
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

// catchUp learns of code that has changed since app was made; code is the fingerprint that PHP has for it.
func (b *Bridge) catchUp(app *isolation.Application, code string) {
	b.describing.Lock()
	defer b.describing.Unlock()
	if b.app.Load() != app {
		return // somebody else has
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

// forget notes global variables that were given what cannot be carried; why says by name what that was. log is the event's.
func (b *Bridge) forget(why map[string]string, log *slog.Logger) {
	if len(why) == 0 {
		return
	}
	b.describing.Lock()
	defer b.describing.Unlock()
	app := b.app.Load()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(why)) {
		if !app.IsLost(name) {
			names = append(names, name)
			log.Warn("global variable starts anew in each event: it was given what cannot outlive one", "name", name, "what", why[name])
		}
	}
	if len(names) > 0 {
		b.app.Store(app.WithLost(names))
	}
}

// has reports whether events of kind k have a handler.
func (b *Bridge) has(k protocol.Kind) bool {
	app := b.app.Load()
	return app != nil && app.Has(k)
}
