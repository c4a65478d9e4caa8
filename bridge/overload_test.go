package bridge

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/schedule"
)

// An overload is logged at once, and while it lasts once per interval, with how many it met.
func TestOverloadIsLoggedOncePerInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		o := &overload{log: slog.New(slog.NewTextHandler(&log, nil)), backlog: schedule.NewBacklog(1, 1)}
		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { everyInterval(ctx, o.flush) })
		lines := func() (got []string) {
			synctest.Wait()
			o.mu.Lock() // held by those that write to log
			defer o.mu.Unlock()
			for line := range strings.Lines(log.String()) {
				got = append(got, line[strings.Index(line, "closed="):strings.Index(line, " waiting=")])
			}
			log.Reset()
			return got
		}
		for range 300 {
			o.refuses(outcome.ErrAway)
			o.closes(outcome.ErrNoRoom)
		}
		if got := strings.Join(lines(), ", "); got != `closed=0 refused=1 error="php-fpm is away"` {
			t.Errorf("at once: %s", got)
		}
		time.Sleep(logInterval)
		if got := strings.Join(lines(), ", "); got != `closed=300 refused=299 error="too many events wait"` {
			t.Errorf("after an interval: %s", got)
		}
		time.Sleep(2 * logInterval)
		o.closes(outcome.ErrNoRoom)
		if got := strings.Join(lines(), ", "); got != `closed=1 refused=0 error="too many events wait"` {
			t.Errorf("after a calm: %s", got)
		}
		o.closes(errors.New("the last"))
		stop()
		group.Wait()
		o.flush()
		if got := strings.Join(lines(), ", "); got != `closed=1 refused=0 error="the last"` {
			t.Errorf("at the end: %s", got)
		}
	})
}
