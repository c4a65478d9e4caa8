package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// reloader reads the configuration again, on SIGHUP or when asked, and applies what it can while clients stay connected.
type reloader struct {
	load   func() (config.Config, error) // nil: there is no configuration to read again
	ended  func(error)                   // is called with the result of each reload
	log    *slog.Logger
	sighup chan os.Signal
	life   context.Context // of every reload
	cancel context.CancelFunc

	mu      sync.Mutex // guards the fields below, and lets one reload run at a time
	running config.Config
	put     func(context.Context, *config.Config) error // see start
	next    int                                         // process that has taken over; 0: none has
}

// newReloader returns a reloader for a server that runs with running. With a load, SIGHUP no longer ends the program, until close.
func newReloader(running config.Config, load func() (config.Config, error), ended func(error), log *slog.Logger) *reloader {
	r := &reloader{load: load, ended: ended, log: log, running: running, sighup: make(chan os.Signal, 1)}
	r.life, r.cancel = context.WithCancel(context.Background())
	if load != nil {
		signal.Notify(r.sighup, syscall.SIGHUP)
	}
	return r
}

func (r *reloader) close() {
	r.end()
	signal.Stop(r.sighup)
}

// end cancels a running reload, waits for it, and lets no other begin: what is reloaded is about to end.
func (r *reloader) end() {
	r.cancel()
	r.start(nil)
}

// start lets the server be reloaded by put, which puts a configuration into force, or returns an error and leaves everything as it was.
func (r *reloader) start(put func(context.Context, *config.Config) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put = put
}

// run reloads on each SIGHUP until ctx ends.
func (r *reloader) run(ctx context.Context) {
	for {
		select {
		case <-r.sighup:
			_, _ = r.reload(ctx) // it logs its errors
			r.passOn()
		case <-ctx.Done():
			return
		}
	}
}

// passOn has the process reload that has taken over, if one has.
func (r *reloader) passOn() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next != 0 {
		_ = syscall.Kill(r.next, syscall.SIGHUP) // it fails only for one that has ended
	}
}

var errNothing = errors.New("the server starts or ends: there is nothing to reload")

// reload reads the configuration again, applies what it can, and logs and returns which keys that were. If the configuration has a
// mistake, or cannot be put into force, everything stays as it was; config.Each lists the mistakes of the error. It blocks until another
// php-fpm runs, if the configuration wants another, or until ctx or the server ends.
func (r *reloader) reload(ctx context.Context) (change config.Change, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.next != 0:
		return config.Change{}, fmt.Errorf("process %d has taken over: it is to be asked", r.next)
	case r.put == nil:
		return config.Change{}, errNothing
	}
	notify := notifier{r.log}
	notify.reloading()
	defer notify.ready() // also after a reload that failed
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.life, cancel)()
	change, err = r.apply(ctx)
	if err != nil {
		for _, problem := range config.Each(err) {
			r.log.Error("not reloaded: everything stays as it was", "error", problem)
		}
	}
	r.ended(err)
	return change, err
}

// again calls do with the configuration that runs, while no reload does. It does nothing when the server ends.
func (r *reloader) again(ctx context.Context, do func(context.Context, *config.Config) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.put == nil || r.next != 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.life, cancel)()
	running := r.running
	return do(ctx, &running)
}

func (r *reloader) apply(ctx context.Context) (config.Change, error) {
	fresh, err := r.load()
	if err != nil {
		return config.Change{}, err
	}
	merged, change := config.Merge(r.running, fresh)
	if err := config.Check(&merged, nil); err != nil { // fresh values may not fit those that need a restart
		return config.Change{}, fmt.Errorf("with the values that need a restart: %w", err)
	}
	if err := r.put(ctx, &merged); err != nil {
		return config.Change{}, err
	}
	r.logChange(merged.Notes, change)
	r.running = merged
	return change, nil
}

// logChange logs what has changed, and the notes that are new.
func (r *reloader) logChange(notes []string, change config.Change) {
	for _, note := range notes {
		if !slices.Contains(r.running.Notes, note) {
			r.log.Warn(note)
		}
	}
	level := slog.LevelInfo
	if len(change.Restart) > 0 {
		level = slog.LevelWarn
	}
	r.log.Log(context.Background(), level, "configuration reloaded", "applied", change.Applied, "new_clients_only", change.NewClients,
		"needs_restart", change.Restart)
}
