package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestOneThingThatCannotBeReloadedKeepsNoOtherFromIt(t *testing.T) {
	var log strings.Builder
	r := newReloader(slog.New(slog.NewTextHandler(&log, nil)))
	defer r.close()
	bad := errors.New("no such file")
	var ran []string
	r.add("first", func() error { ran = append(ran, "first"); return bad })
	r.add("second", func() error { ran = append(ran, "second"); return nil })
	if err := r.reload(); !errors.Is(err, bad) || !strings.Contains(err.Error(), "reload first") || len(ran) != 2 {
		t.Errorf("got %v after %q", err, ran)
	}
	if got := log.String(); !strings.Contains(got, "what=first") || !strings.Contains(got, "what=[second]") {
		t.Errorf("got %s", got)
	}
}

// A SIGHUP that comes before all things are there is not lost, and does not end the program.
func TestSIGHUPReloads(t *testing.T) {
	r := newReloader(slog.New(slog.DiscardHandler))
	defer r.close()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	reloaded := make(chan struct{})
	r.add("it", func() error { close(reloaded); return nil })
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() { r.run(ctx) })
	select {
	case <-reloaded:
	case <-time.After(20 * time.Second):
		t.Error("nothing was reloaded")
	}
	stop()
	work.Wait()
}
