package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// reloader reads anew, on SIGHUP, what can be while the server runs.
type reloader struct {
	log     *slog.Logger
	hangups chan os.Signal

	mu    sync.Mutex // guards parts, and lets one reload run at a time
	parts []reloadable
}

// reloadable is a thing by name. Its reload leaves what was in force as it is if it returns an error.
type reloadable struct {
	name   string
	reload func() error
}

// newReloader keeps SIGHUP from ending the program, until close.
func newReloader(log *slog.Logger) *reloader {
	r := &reloader{log: log, hangups: make(chan os.Signal, 1)}
	signal.Notify(r.hangups, syscall.SIGHUP)
	return r
}

func (r *reloader) close() { signal.Stop(r.hangups) }

// add lets a thing be reloaded, after those that were added before.
func (r *reloader) add(name string, reload func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.parts = append(r.parts, reloadable{name, reload})
}

// run reloads on each SIGHUP until ctx ends.
func (r *reloader) run(ctx context.Context) {
	for {
		select {
		case <-r.hangups:
			_ = r.reload() // it has logged what went wrong
		case <-ctx.Done():
			return
		}
	}
}

// reload reloads all things, whatever becomes of the others, and logs what it did. The error names those that failed.
func (r *reloader) reload() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	notify := notifier{r.log}
	notify.reloading()
	defer notify.ready() // with what was in force, if it fails
	var errs []error
	names := []string{}
	for _, part := range r.parts {
		if err := part.reload(); err != nil {
			r.log.Error("not reloaded: what was in force stays", "what", part.name, "error", err)
			errs = append(errs, fmt.Errorf("reload %s: %w", part.name, err))
			continue
		}
		names = append(names, part.name)
	}
	r.log.Info("reloaded", "what", names)
	return errors.Join(errs...)
}
