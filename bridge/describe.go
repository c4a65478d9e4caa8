package bridge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/protocol"
)

// lockDescribing keeps others from replacing the application until unlock is called. It blocks until ctx ends at most: whoever has it may
// wait for php-fpm.
func (b *Bridge) lockDescribing(ctx context.Context) (unlock func(), err error) {
	select {
	case b.describing <- struct{}{}:
		return func() { <-b.describing }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// describe asks the PHP of cfg what the application's code can do, and logs that. If before is of the same files, what the operator should
// know about them has been logged already. It is called between lockDescribing and unlock.
func (b *Bridge) describe(ctx context.Context, cfg *Config, before *isolation.Application) (*isolation.Application, error) {
	d, err := description(ctx, cfg)
	if err != nil {
		return nil, err
	}
	app := isolation.New(&cfg.Isolation, d)
	b.log.Info("application described", keyVersion, app.PHP, "handlers", len(app.Handlers), "certain", app.Settled(),
		"alone", app.HandlersAlone(), "live_globals", app.AllLiving())
	if before == nil || !before.HasFiles(d.Code) {
		b.logNotes(app)
	}
	if !app.Settled() && app.Ahead != nil {
		b.spawn(func() { b.awaitCertainty(app.Code, time.Duration(app.Ahead.Wait)*time.Second) })
	}
	return app, nil
}

// description is Describe of cfg's PHP, with an error if the application cannot run.
func description(ctx context.Context, cfg *Config) (*protocol.Description, error) {
	d, err := cfg.PHP.Describe(ctx)
	switch {
	case err != nil:
		return nil, err
	case d.Has(protocol.Authenticate):
		return d, nil
	case len(d.Mistakes) > 0: // perhaps that is why
		return nil, fmt.Errorf("%w: %s", errNoAuthenticate, d.Mistakes[0].Why)
	}
	return nil, errNoAuthenticate
}

// tryCode returns why a start would fail now because of the application's code, or nil, also if there is no php-fpm to ask.
func tryCode(ctx context.Context, cfg *Config) error {
	_, err := description(ctx, cfg)
	if _, failed := errors.AsType[*protocol.Failure](err); failed || errors.Is(err, errNoAuthenticate) {
		return fmt.Errorf("the application's code cannot be loaded: %w", err)
	}
	return nil
}

// certaintyTries bounds how often awaitCertainty looks for an application that does not come: a worker that will run it may take time to boot.
const certaintyTries = 30

// awaitCertainty makes code certain whose times are ahead of PHP's clock, when opcache has certainly looked at it.
func (b *Bridge) awaitCertainty(code string, wait time.Duration) {
	for range certaintyTries {
		select {
		case <-time.After(wait):
		case <-b.drained:
			return
		case <-b.base.Done():
			return
		}
		if b.makeCertain(code) {
			return
		}
	}
}

// makeCertain describes the application again if it is still the one of that code. It reports false if another is in force.
func (b *Bridge) makeCertain(code string) bool {
	unlock, err := b.lockDescribing(b.base)
	if err != nil {
		return false
	}
	defer unlock()
	app := b.app.Load()
	if app == nil || app.Code != code {
		return false
	}
	if app.Settled() || app.Varies() {
		return true
	}
	fresh, err := b.cfg().PHP.Describe(b.base)
	if err != nil || fresh.Code != code {
		return false // an event finds out that it has changed
	}
	b.log.Info("application is certain, although its times are ahead of PHP's clock")
	b.update(func(app *isolation.Application) *isolation.Application {
		return isolation.New(&b.cfg().Isolation, fresh).Knowing(app).Certain()
	})
	return true
}

// logNotes logs what the operator should know about the code.
func (b *Bridge) logNotes(app *isolation.Application) {
	for _, w := range app.Warnings {
		b.log.Warn(w)
	}
	for _, m := range app.Mistakes {
		b.log.Warn(m.Why, keyFile, m.File, keyLine, m.Line)
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
	unlock, err := b.lockDescribing(b.base)
	if err != nil {
		return // no other event runs
	}
	defer unlock()
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
		fresh = fresh.Knowing(app).WithVariant(code)
	case fresh.HasFiles(app.Code):
		fresh = fresh.Knowing(app)
	default:
		b.table.ForgetFirst()
	}
	b.app.Store(fresh)
	b.pace.Store(isolation.NewPace())
}

// commitTimeout bounds how long the lane, which runs nothing meanwhile, waits for another description to end.
const commitTimeout = 10 * time.Second

// commitDescribed makes fresh the application, whose code the lane's next worker loads. Whoever keeps others from replacing it may wait for a
// php-fpm that does not answer. After commitTimeout it is replaced all the same: if the other then puts an older description in its place,
// events find out that the code is not that, and have it described again.
func (b *Bridge) commitDescribed(fresh *isolation.Application) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	if unlock, err := b.lockDescribing(ctx); err == nil {
		defer unlock()
	} else {
		b.log.Warn("the lane does not wait any longer for a description of the application that does not end: the code may be described again",
			"waited", commitTimeout)
	}
	b.update(func(now *isolation.Application) *isolation.Application {
		if fresh.HasFiles(now.Code) {
			return fresh.Knowing(now)
		}
		b.table.ForgetFirst()
		b.pace.Store(isolation.NewPace())
		return fresh
	})
}

// hasHandler reports whether there is a handler for events of kind k.
func (b *Bridge) hasHandler(k protocol.Kind) bool {
	app := b.app.Load()
	return app != nil && app.Has(k)
}
