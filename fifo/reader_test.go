package fifo

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakeSource is a source without a file, for tests in a synctest bubble.
type fakeSource struct {
	data chan string
}

func (s *fakeSource) read(ctx context.Context, p []byte, wait time.Duration) (n, writers int, err error) {
	if ctx.Err() != nil {
		return 0, 0, ctx.Err()
	}
	var silent <-chan time.Time
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		silent = t.C
	}
	select {
	case d := <-s.data:
		return copy(p, d), 0, nil
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	case <-silent:
		return 0, 0, errSilent
	}
}

// busySource has something to read each time, as a pipe that writers keep full, for a minute.
type busySource struct{ began time.Time }

func (s busySource) read(_ context.Context, p []byte, _ time.Duration) (n, writers int, err error) {
	time.Sleep(time.Millisecond)
	if time.Since(s.began) > time.Minute {
		return 0, 0, io.EOF
	}
	return copy(p, "{}"), 0, nil
}

// readerTest is a reader under test inside a bubble.
type readerTest struct {
	source  *fakeSource
	cancel  context.CancelFunc
	ended   chan error
	docs    []string        // read after synctest.Wait
	times   []time.Duration // when each document came, since the start
	skipped []Skipped
}

// startReader runs a reader with the default config; deliver, if given, runs before a document is recorded.
func startReader(t *testing.T, deliver func(ctx context.Context, doc string) error) *readerTest {
	t.Helper()
	b := &readerTest{source: &fakeSource{make(chan string, 64)}, ended: make(chan error, 1)}
	c, err := Config{Path: "unused", Report: func(s Skipped) { b.skipped = append(b.skipped, s) }}.complete()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	b.cancel = cancel
	start := time.Now()
	go func() {
		_, err := runReader(ctx, &stream{source: b.source}, c, one(func(ctx context.Context, doc []byte) error {
			if deliver != nil {
				if err := deliver(ctx, string(doc)); err != nil {
					return err
				}
			}
			b.docs = append(b.docs, string(doc))
			b.times = append(b.times, time.Since(start))
			return nil
		}))
		b.ended <- err
	}()
	return b
}

func (b *readerTest) finish(t *testing.T) {
	t.Helper()
	b.cancel()
	if err := <-b.ended; err != nil {
		t.Errorf("reader ended with %v", err)
	}
}

func TestReaderDeliversJSONAtOnceAndCommandsAfterQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startReader(t, nil)
		b.source.data <- `{"a":1}rel`
		time.Sleep(defaultQuiet - 1)
		b.source.data <- `oad`
		time.Sleep(time.Hour)
		synctest.Wait()
		if want := []string{`{"a":1}`, `reload`}; !slices.Equal(b.docs, want) {
			t.Fatalf("documents %q, want %q", b.docs, want)
		}
		if want := []time.Duration{0, 2*defaultQuiet - 1}; !slices.Equal(b.times, want) {
			t.Errorf("delivered at %v, want %v", b.times, want)
		}
		b.finish(t)
	})
}

// TestReaderEndsWhileWritersGoOn: what comes until the grace is over is delivered, and no more.
func TestReaderEndsWhileWritersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := Config{Path: "unused"}.complete()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began, docs := time.Now(), 0
		_, err = runReader(ctx, &stream{source: busySource{began}}, c, one(func(context.Context, []byte) error { docs++; return nil }))
		if took, want := time.Since(began), time.Second+c.Grace; err != nil || took < want || took > want+time.Second || docs < 1000 {
			t.Errorf("ended after %v with %v and %d documents, want %v", took, err, docs, want)
		}
	})
}

func TestReaderCutsOffAfterStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startReader(t, nil)
		b.source.data <- `{"slow":`
		time.Sleep(defaultStall - 1)
		b.source.data <- `1}{"dead":`
		time.Sleep(defaultStall + 1)
		b.source.data <- `{"next":1}`
		synctest.Wait()
		if want := []string{`{"slow":1}`, `{"next":1}`}; !slices.Equal(b.docs, want) {
			t.Errorf("documents %q, want %q", b.docs, want)
		}
		if want := []Skipped{{CutOff, 8}}; !slices.Equal(b.skipped, want) {
			t.Errorf("skipped %v, want %v", b.skipped, want)
		}
		b.finish(t)
	})
}

func TestReaderDoesNotCountItsOwnDelayAsSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startReader(t, func(context.Context, string) error {
			time.Sleep(time.Minute)
			return nil
		})
		b.source.data <- `{"a":1}{"b":`
		b.source.data <- `2}`
		time.Sleep(time.Hour)
		synctest.Wait()
		if want := []string{`{"a":1}`, `{"b":2}`}; !slices.Equal(b.docs, want) || len(b.skipped) > 0 {
			t.Errorf("documents %q, want %q; skipped %v", b.docs, want, b.skipped)
		}
		b.finish(t)
	})
}

func TestReaderDrainsWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startReader(t, nil)
		synctest.Wait()
		b.cancel()
		for _, d := range []string{`{"a":1}`, `{"b":2}reload`} {
			b.source.data <- d
		}
		if err := <-b.ended; err != nil {
			t.Errorf("reader ended with %v", err)
		}
		if want := []string{`{"a":1}`, `{"b":2}`, `reload`}; !slices.Equal(b.docs, want) {
			t.Errorf("documents %q, want %q", b.docs, want)
		}
	})
}

func TestReaderDrainsNoLongerThanItsGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startReader(t, nil)
		start := time.Now()
		b.cancel()
		stop := make(chan struct{})
		var flood sync.WaitGroup
		flood.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(defaultQuiet / 2):
					b.source.data <- `{"flood":1}`
				}
			}
		})
		if err := <-b.ended; err != nil {
			t.Errorf("reader ended with %v", err)
		}
		d := time.Since(start)
		close(stop)
		flood.Wait()
		if d < defaultGrace || d > defaultGrace+defaultQuiet {
			t.Errorf("drained for %v, want %v", d, defaultGrace)
		}
	})
}

func TestReaderLetsDeliverFinishWithinTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startReader(t, func(ctx context.Context, doc string) error {
			if doc == "[1]" {
				time.Sleep(defaultGrace - 1)
				return ctx.Err()
			}
			<-ctx.Done()
			return context.Cause(ctx)
		})
		b.source.data <- `[1][2][3]{"dead":`
		synctest.Wait()
		start := time.Now()
		b.cancel()
		if err := <-b.ended; !errors.Is(err, errGraceOver) {
			t.Errorf("reader ended with %v, want %v", err, errGraceOver)
		}
		if d := time.Since(start); d != defaultGrace {
			t.Errorf("ended after %v, want %v", d, defaultGrace)
		}
		if want := []string{"[1]"}; !slices.Equal(b.docs, want) {
			t.Errorf("documents %q, want %q", b.docs, want)
		}
		if want := []Skipped{{Undelivered, 3}, {Undelivered, 3}, {CutOff, 8}}; !slices.Equal(b.skipped, want) {
			t.Errorf("skipped %v, want %v", b.skipped, want)
		}
	})
}

func TestReaderEndsWithTheErrorOfDeliver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failure := errors.New("failure")
		b := startReader(t, func(context.Context, string) error { return failure })
		b.source.data <- `{"a":1}`
		if err := <-b.ended; !errors.Is(err, failure) || !strings.Contains(err.Error(), "deliver document") {
			t.Errorf("reader ended with %v, want %v", err, failure)
		}
		b.cancel()
	})
}
