package serve

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnEndThatTakesTooLongIsCutShort(t *testing.T) {
	for name, row := range map[string]struct {
		drains bool
		takes  time.Duration
		want   bool
	}{
		"no end begins": {false, time.Hour, false},
		"in time":       {true, 59 * time.Second, false},
		"too late":      {true, 61 * time.Second, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			over := false
			l := stopLimit{over: func() { over = true }, log: slog.New(slog.DiscardHandler), ended: make(chan struct{})}
			draining := make(chan struct{})
			l.watch(draining, func() time.Duration { return time.Minute })
			if row.drains {
				close(draining)
			}
			time.Sleep(row.takes)
			l.close()
			if over != row.want {
				t.Errorf("%s: the program was ended: %v", name, over)
			}
		})
	}
}
