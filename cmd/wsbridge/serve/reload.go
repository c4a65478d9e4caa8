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

// reloader reads the configuration anew, on SIGHUP, and puts into force what can be while clients stay connected.
type reloader struct {
	load    func() (config.Config, error)
	log     *slog.Logger
	hangups chan os.Signal
	life    context.Context // of every reload
	cancel  context.CancelFunc

	mu      sync.Mutex // guards the fields below, and lets one reload run at a time
	running config.Config
	parts   []reloadable
	told    func(error) // how each reload went; nil: nobody asks
}

// reloadable is a thing by name. Its reload puts what concerns it into force, or returns an error and leaves what was. It gets
// again what it has been given before when another thing fails.
type reloadable struct {
	name   string
	reload func(context.Context, config.Config) error
}

// newReloader keeps SIGHUP from ending the program, until close. running is what is in force, load reads it again.
func newReloader(running config.Config, load func() (config.Config, error), log *slog.Logger) *reloader {
	r := &reloader{load: load, log: log, running: running, hangups: make(chan os.Signal, 1)}
	r.life, r.cancel = context.WithCancel(context.Background())
	signal.Notify(r.hangups, syscall.SIGHUP)
	return r
}

// tells lets f know how each reload goes. There may be no reloader.
func (r *reloader) tells(f func(error)) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = f
}

func (r *reloader) close() {
	r.end()
	signal.Stop(r.hangups)
}

// end gives up a reload that runs, waits for it, and lets none begin any more: what it reloads is about to go. There may be no
// reloader.
func (r *reloader) end() {
	if r == nil {
		return
	}
	r.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.parts = nil
}

// add lets a thing be reloaded, after those that were added before. There may be no reloader.
func (r *reloader) add(name string, reload func(context.Context, config.Config) error) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.parts = append(r.parts, reloadable{name, reload})
}

// run reloads on each SIGHUP until ctx ends. There may be no reloader.
func (r *reloader) run(ctx context.Context) {
	if r == nil {
		return
	}
	for {
		select {
		case <-r.hangups:
			_, _ = r.reload(ctx) // it has logged what went wrong
		case <-ctx.Done():
			return
		}
	}
}

// reload reads the configuration, puts into force what can be, tells what cannot, and logs both. If there is a mistake in it, or a
// thing cannot do as it says, all stays as it was and the error says why; config.Each has each mistake. It blocks until a php-fpm
// that takes over runs, or ctx or the server ends.
func (r *reloader) reload(ctx context.Context) (change config.Change, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.parts) == 0 {
		return config.Change{}, errNothing
	}
	if r.told != nil {
		defer func() { r.told(err) }()
	}
	notify := notifier{r.log}
	notify.reloading()
	defer notify.ready() // with what was in force, if it fails
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.life, cancel)()
	fresh, err := r.load()
	if err != nil {
		for _, problem := range config.Each(err) {
			r.log.Error("not reloaded: what was in force stays", "error", problem)
		}
		return config.Change{}, err
	}
	merged, change := config.Merge(r.running, fresh)
	if err := r.put(ctx, merged); err != nil {
		r.log.Error("not reloaded: what was in force stays", "error", err)
		return config.Change{}, err
	}
	r.tell(merged.Notes, change)
	r.running = merged
	return change, nil
}

var errNothing = errors.New("the server starts or ends: there is nothing to reload")

// put brings cfg to all things, or to none.
func (r *reloader) put(ctx context.Context, cfg config.Config) error {
	for i, part := range r.parts {
		err := part.reload(ctx, cfg)
		if err == nil {
			continue
		}
		for _, done := range slices.Backward(r.parts[:i]) {
			if err := done.reload(ctx, r.running); err != nil {
				r.log.Error("what was in force does not come back", "what", done.name, "error", err)
			}
		}
		return fmt.Errorf("reload %s: %w", part.name, err)
	}
	return nil
}

// tell logs what has changed, and the notes that are new.
func (r *reloader) tell(notes []string, change config.Change) {
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
