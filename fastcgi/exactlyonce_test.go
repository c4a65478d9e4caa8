package fastcgi

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

// managers are the ways in which php-fpm manages workers. The dynamic ones end idle workers all the time.
var managers = map[string][]string{
	"static": {"pm = static", "pm.max_children = 5"},
	"dynamic": {"pm = dynamic", "pm.max_children = 6", "pm.start_servers = 1", "pm.min_spare_servers = 1",
		"pm.max_spare_servers = 1"},
	"ondemand": {"pm = ondemand", "pm.max_children = 5", "pm.process_idle_timeout = 1s"},
}

// load sends events that write down that they run.
type load struct {
	c      *Client
	next   atomic.Int64
	failed sync.Map // number to error
}

// send sends events from several callers until enough returns true.
func (g *load) send(tb testing.TB, callers int, enough func(sent int64) bool) {
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

// check reports events for which right is false, and events that ran but were not sent.
func (g *load) check(tb testing.TB, s site, right func(runs int, err error) bool) {
	tb.Helper()
	b, err := os.ReadFile(s.spool("runs"))
	if err != nil {
		tb.Fatal(err)
	}
	runs := map[string]int{}
	for _, line := range strings.Fields(string(b)) {
		runs[line]++
	}
	for n := range g.next.Load() {
		number := strconv.FormatInt(n+1, 10)
		failed, _ := g.failed.Load(n + 1)
		err, _ := failed.(error)
		if !right(runs[number], err) {
			tb.Errorf("event %s ran %d times: %v", number, runs[number], err)
		}
		delete(runs, number)
	}
	if len(runs) > 0 {
		tb.Errorf("ran but not sent: %v", runs)
	}
}

// once reports whether an event ran and its caller knows.
func once(runs int, err error) bool { return runs == 1 && err == nil }

func TestEveryEventRunsOnceThoughWorkersLeave(t *testing.T) {
	for manager, lines := range managers {
		for _, network := range networks {
			t.Run(manager+"/"+network, func(t *testing.T) {
				s := newSite(t)
				f := s.foreignOn(t, network, append(lines, "pm.max_requests = 50")...)
				g := load{c: f.client(t)}
				g.send(t, 8, func(sent int64) bool { return sent > 2000 })
				g.check(t, s, once)
			})
		}
	}
}

func TestEveryEventRunsOnceWhateverMaxRequestsIs(t *testing.T) {
	for most, events := range map[int]int64{1: 60, 2: 120, 5: 600} { // a fork for each first event
		for _, network := range networks {
			t.Run(fmt.Sprint(most, "/", network), func(t *testing.T) {
				s := newSite(t)
				f := s.foreignOn(t, network, "pm.max_children = 4", fmt.Sprint("pm.max_requests = ", most),
					"php_admin_value[auto_prepend_file] = "+s.path("prepended.php"))
				g := load{c: f.client(t)}
				g.send(t, 4, func(sent int64) bool { return sent > events })
				g.check(t, s, once)
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
				g := load{c: f.client(t)}
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
				g.check(t, s, once)
			})
		}
	}
}

// A handler whose worker was killed may have run, so its event must not be sent again.
func TestNoEventRunsTwiceThoughWorkersAreKilled(t *testing.T) {
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			s := newSite(t)
			f := s.foreignOn(t, network, "pm.max_children = 4", "pm.max_requests = 20")
			g := load{c: f.client(t)}
			var wg sync.WaitGroup
			wg.Go(func() { g.send(t, 6, func(sent int64) bool { return sent > 1500 }) })
			for killed := int64(1); g.next.Load() < 1500; killed++ {
				f.killWorker(t)
				eventually(t, "events run on", func() bool { return g.next.Load() >= min(1500, 15*killed) })
			}
			wg.Wait()
			lost := 0
			g.check(t, s, func(runs int, err error) bool {
				if errors.Is(err, protocol.ErrCutOff) {
					lost++
					return runs <= 1
				}
				return once(runs, err) || runs == 0 && errors.Is(err, protocol.ErrUnavailable)
			})
			t.Logf("%d of %d events were cut off", lost, g.next.Load())
		})
	}
}
