package serve

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

// withHeader returns the default configuration with a header by which to know it.
func withHeader(header string) config.Config {
	cfg := config.Default()
	cfg.Server.ServerHeader = header
	return cfg
}

func ignore(error) {}

func TestReloadThatFailsLeavesEverythingAsItWas(t *testing.T) {
	var log strings.Builder
	load := func() (config.Config, error) { return withHeader("new"), nil }
	r := newReloader(withHeader("old"), load, ignore, slog.New(slog.NewTextHandler(&log, nil)))
	defer r.close()
	bad := errors.New("no such file")
	r.start(func(context.Context, *config.Config) error { return bad })
	if _, err := r.reload(t.Context()); !errors.Is(err, bad) {
		t.Errorf("got %v", err)
	}
	if got := log.String(); !strings.Contains(got, "not reloaded") || r.running.Server.ServerHeader != "old" {
		t.Errorf("got %s", got)
	}
}

func TestReloadThatPHPRefusesRestoresThePipesMode(t *testing.T) {
	r := run(t)
	r.configure(map[string]string{"pipe.mode": `"0620"`, "php.fpm": `"/no/such/php-fpm"`})
	_, err := r.server.reload.reload(t.Context())
	if err == nil || !strings.Contains(err.Error(), "reload php-fpm and the bridge: ") {
		t.Errorf("got %v", err)
	}
	want := r.server.cfg.Load().Pipe.Mode.Std()
	if got := must(os.Stat(filepath.Join(r.dir, "pipe"))).Mode().Perm(); got != want || want == 0o620 {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestReloadOfABadConfigurationLogsEachProblem(t *testing.T) {
	var log strings.Builder
	load := func() (config.Config, error) {
		return config.Load(config.Sources{Config: "../config/testdata/bad/values.toml"})
	}
	r := newReloader(config.Default(), load, ignore, slog.New(slog.NewTextHandler(&log, nil)))
	defer r.close()
	r.start(func(context.Context, *config.Config) error { t.Error("was reloaded"); return nil })
	_, err := r.reload(t.Context())
	if got, want := strings.Count(log.String(), "not reloaded"), len(config.Each(err)); got != want || want < 2 {
		t.Errorf("%d lines for %d problems:\n%s", got, want, log.String())
	}
}

func TestReloadTellsWhatItHasDone(t *testing.T) {
	var log strings.Builder
	load := func() (config.Config, error) {
		cfg := withHeader("new")
		cfg.Server.Listen = "127.0.0.1:1"
		cfg.Notes = []string{"a note"}
		return cfg, nil
	}
	r := newReloader(withHeader("old"), load, ignore, slog.New(slog.NewTextHandler(&log, nil)))
	defer r.close()
	if _, err := r.reload(t.Context()); err == nil {
		t.Error("reloaded before there was anything to reload")
	}
	r.start(func(context.Context, *config.Config) error { return nil })
	change, err := r.reload(t.Context())
	if err != nil || !slices.Equal(change.Applied, []string{"server.server_header"}) || !slices.Equal(change.Restart, []string{"server.listen"}) {
		t.Errorf("got %+v, %v", change, err)
	}
	if again, err := r.reload(t.Context()); err != nil || len(again.Applied) > 0 || len(again.Restart) != 1 {
		t.Errorf("the second time: %+v, %v", again, err)
	}
	got := log.String()
	if !strings.Contains(got, "level=WARN") || !strings.Contains(got, "needs_restart=[server.listen]") || strings.Count(got, "a note") != 1 {
		t.Errorf("got %s", got)
	}
}

func TestReloadIsGivenUpWhenTheServerEnds(t *testing.T) {
	r := newReloader(config.Default(), func() (config.Config, error) { return config.Default(), nil }, ignore, slog.New(slog.DiscardHandler))
	defer r.close()
	begun := make(chan struct{})
	r.start(func(ctx context.Context, _ *config.Config) error {
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	})
	done := make(chan error, 1)
	go func() { _, err := r.reload(t.Context()); done <- err }()
	<-begun
	r.end()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := r.reload(t.Context()); !errors.Is(err, errNothing) {
		t.Errorf("after the end: got %v", err)
	}
}

// A SIGHUP that comes before the server can be reloaded is not lost, and does not end the program.
func TestSIGHUPReloads(t *testing.T) {
	r := newReloader(config.Default(), func() (config.Config, error) { return config.Default(), nil }, ignore, slog.New(slog.DiscardHandler))
	defer r.close()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	reloaded := make(chan struct{})
	r.start(func(context.Context, *config.Config) error { close(reloaded); return nil })
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() { r.run(ctx) })
	select {
	case <-reloaded:
	case <-time.After(patience):
		t.Error("nothing was reloaded")
	}
	stop()
	work.Wait()
}
