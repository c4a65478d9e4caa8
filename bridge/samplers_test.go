package bridge

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/protocol"
)

// lockedBuffer is a log that may be written concurrently.
type lockedBuffer struct {
	mu     sync.Mutex // guards buffer
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

// take returns what was written since the last call.
func (b *lockedBuffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.buffer.Reset()
	return b.buffer.String()
}

func TestOverloadIsSummedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		b := &Bridge{log: slog.New(slog.NewTextHandler(&log, nil)), backlog: schedule.NewBacklog(1, 1), limiter: door.NewLimiter(door.Limits{})}
		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { everyInterval(ctx, b.flushLogs) })
		lines := func() string {
			synctest.Wait()
			var got []string
			for line := range strings.Lines(log.take()) {
				got = append(got, line[strings.Index(line, "closed="):strings.Index(line, " waiting=")])
			}
			slices.Sort(got)
			return strings.Join(got, ", ")
		}
		away, noRoom := overload{refused: true, why: outcome.ErrAway}, overload{why: outcome.ErrNoRoom}
		for range 300 {
			b.countOverload(away)
			b.countOverload(noRoom)
		}
		if got := lines(); got != `closed=0 refused=1 error="php-fpm is away", closed=1 refused=0 error="too many events wait"` {
			t.Errorf("at once: %s", got)
		}
		time.Sleep(logInterval)
		if got := lines(); got != `closed=0 refused=299 error="php-fpm is away", closed=299 refused=0 error="too many events wait"` {
			t.Errorf("after an interval: %s", got)
		}
		time.Sleep(2 * logInterval)
		b.countOverload(noRoom)
		if got := lines(); got != `closed=1 refused=0 error="too many events wait"` {
			t.Errorf("after empty intervals: %s", got)
		}
		b.countOverload(noRoom)
		stop()
		group.Wait()
		b.flushLogs()
		if got := lines(); got != `closed=1 refused=0 error="too many events wait"` {
			t.Errorf("at the end: %s", got)
		}
	})
}

// Each client has an error of its own, but the log has one line for all of them.
func TestOverloadsAreAlikeWhateverTheirErrorsSay(t *testing.T) {
	var log lockedBuffer
	b := &Bridge{log: slog.New(slog.NewTextHandler(&log, nil)), backlog: schedule.NewBacklog(1, 1), limiter: door.NewLimiter(door.Limits{})}
	for port := range 300 {
		b.countOverload(overload{why: fmt.Errorf("%w: dial from port %d", protocol.ErrUnavailable, port)})
	}
	if got := log.take(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "dial from port 0") {
		t.Errorf("at once: %s", got)
	}
	b.flushLogs()
	if got := log.take(); !strings.Contains(got, `closed=299 refused=0 error="php-fpm is not reachable"`) {
		t.Errorf("after an interval: %s", got)
	}
}
