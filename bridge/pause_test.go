package bridge

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestPauseKeepsEventsUntilItEnds(t *testing.T) {
	a := &standin{handlers: map[protocol.Kind]handler{protocol.Text: nil}}
	s := serveApplication(t, a, func(c *Config) { c.QueueWait = 20 * time.Millisecond })
	conn := s.connect()
	if err := s.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); !errors.Is(err, ErrPaused) {
		t.Errorf("got %v", err)
	}
	say(t, conn, "x")
	eventually(t, "the text waits", func() bool { return s.Totals().Waiting == 1 })
	if a.watch("text 1 begins") {
		t.Error("an event ran during a pause")
	}
	s.Resume()
	eventually(t, "the text runs", func() bool { return a.count("text 1 ends") == 1 })
}

func TestDrainEndsAPause(t *testing.T) {
	a := &standin{}
	s := serveApplication(t, a, nil)
	s.connect()
	if err := s.Pause(); err != nil {
		t.Fatal(err)
	}
	s.Drain()
	s.drained()
	if a.count("close 1 ends") != 1 {
		t.Errorf("got %v", a.lines())
	}
	if err := s.Pause(); !errors.Is(err, ErrStopping) {
		t.Errorf("got %v", err)
	}
}

func TestOperatorWaitsForABridgeThatIsAboutToServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &Bridge{serving: make(chan struct{})}
		start := time.Now()
		if err := b.Pause(); !errors.Is(err, ErrStarting) || time.Since(start) != startWait {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

// The operator was let in just before the drain began, and pauses only after it has ended the pause.
func TestDrainOutlastsAPauseThatComesLate(t *testing.T) {
	a := &standin{handlers: map[protocol.Kind]handler{protocol.Shutdown: nil}}
	s := serveApplication(t, a, func(c *Config) { c.DrainTimeout = 300 * time.Millisecond })
	s.connect()
	s.scheduler.Pause()
	leave, err := s.operate()
	if err != nil {
		t.Fatal(err)
	}
	s.Drain()
	eventually(t, "the drain ends the pause", func() bool { return !s.Paused() })
	s.scheduler.Pause()
	leave()
	s.drained()
	if a.count("close 1 ends") != 1 || a.count("shutdown 0 ends") != 1 {
		t.Errorf("got %v", a.lines())
	}
}
