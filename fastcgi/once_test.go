package fastcgi

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// managers are php-fpm's ways to manage its workers. The dynamic ones end idle workers all the time.
var managers = map[string][]string{
	"static": {"pm = static", "pm.max_children = 5"},
	"dynamic": {"pm = dynamic", "pm.max_children = 6", "pm.start_servers = 1", "pm.min_spare_servers = 1",
		"pm.max_spare_servers = 1"},
	"ondemand": {"pm = ondemand", "pm.max_children = 5", "pm.process_idle_timeout = 1s"},
}

// campaign sends events that write down that they run.
type campaign struct {
	c      *Client
	next   atomic.Int64
	failed sync.Map // number to error
}

// send sends events from so many callers until enough says so.
func (g *campaign) send(tb testing.TB, callers int, enough func(sent int64) bool) {
	tb.Helper()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for {
				n := g.next.Add(1)
				if enough(n) {
					g.next.Add(-1)
					return
				}
				if _, err := ask(tb.Context(), g.c, nil, "run:"+strconv.FormatInt(n, 10)); err != nil {
					g.failed.Store(n, err)
				}
			}
		})
	}
	wg.Wait()
}

// check reports events that failed, did not run, or ran twice.
func (g *campaign) check(tb testing.TB, s site) {
	tb.Helper()
	b, err := os.ReadFile(s.spool("runs"))
	if err != nil {
		tb.Fatal(err)
	}
	runs := map[string]int{}
	for _, line := range strings.Fields(string(b)) {
		runs[line]++
	}
	sent := 0
	for n := int64(1); n <= g.next.Load(); n++ {
		sent++
		err, failed := g.failed.Load(n)
		if times := runs[strconv.FormatInt(n, 10)]; failed || times != 1 {
			tb.Errorf("event %d ran %d times, %v", n, times, err)
		}
	}
	if len(runs) != sent {
		tb.Errorf("%d of %d events ran", len(runs), sent)
	}
}

func TestEveryEventRunsOnceThoughWorkersLeave(t *testing.T) {
	for manager, lines := range managers {
		for _, network := range networks {
			t.Run(manager+"/"+network, func(t *testing.T) {
				s := newSite(t)
				f := s.foreignOn(t, network, append(lines, "pm.max_requests = 50")...)
				g := campaign{c: f.client(t)}
				g.send(t, 8, func(sent int64) bool { return sent > 2000 })
				g.check(t, s)
			})
		}
	}
}

func TestEveryEventRunsOnceWhateverMaxRequestsIs(t *testing.T) {
	for _, most := range []int{1, 2, 5} {
		for _, network := range networks {
			t.Run(fmt.Sprint(most, network), func(t *testing.T) {
				s := newSite(t)
				f := s.foreignOn(t, network, "pm.max_children = 4", fmt.Sprint("pm.max_requests = ", most))
				g := campaign{c: f.client(t)}
				g.send(t, 4, func(sent int64) bool { return sent > 400 })
				g.check(t, s)
			})
		}
	}
}

// A reload ends the workers' kept connections, and with them what was just written to one.
func TestEveryEventRunsOnceThroughReloads(t *testing.T) {
	for manager, lines := range managers {
		for _, network := range networks {
			t.Run(manager+"/"+network, func(t *testing.T) {
				s := newSite(t)
				f := s.foreignOn(t, network, append(lines, "pm.max_requests = 50")...)
				g := campaign{c: f.client(t)}
				var done atomic.Bool
				var wg sync.WaitGroup
				wg.Go(func() { g.send(t, 6, func(int64) bool { return done.Load() }) })
				for range 3 {
					f.reload(t)
					sent := g.next.Load()
					eventually(t, "events run on", func() bool { return g.next.Load() > sent+50 })
				}
				done.Store(true)
				wg.Wait()
				g.check(t, s)
			})
		}
	}
}
