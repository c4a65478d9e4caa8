package bridge

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// Warnings come after a time, and each time that has doubled, and none after the end.
func TestWatchWarnsAtGrowingIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		b := &Bridge{log: slog.New(slog.NewTextHandler(&log, nil))}
		b.config.Store(&Config{LongEvent: 10 * time.Second})
		w := (&exchange{bridge: b, kind: protocol.Text}).watch()
		w.runsIn(4711)
		for _, warning := range []struct{ wait, took string }{{"10s", "10s"}, {"10s", "20s"}, {"20s", "40s"}} {
			wait, _ := time.ParseDuration(warning.wait)
			time.Sleep(wait - time.Second)
			synctest.Wait()
			if got := log.take(); got != "" {
				t.Errorf("too early: %s", got)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			got := log.take()
			for _, want := range []string{"worker=4711", "event=text", "handler=ws_server_text", "took=" + warning.took} {
				if strings.Count(got, want) != 1 {
					t.Errorf("got %q, want %s once", got, want)
				}
			}
		}
		w.stop()
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := log.take(); got != "" {
			t.Errorf("warned after the end: %s", got)
		}
	})
}

// Where nobody is to be warned, an event costs nothing more.
func TestNoWatchWithoutALimit(t *testing.T) {
	b := &Bridge{}
	b.config.Store(&Config{})
	x := &exchange{bridge: b, kind: protocol.Text}
	allocations := testing.AllocsPerRun(100, func() {
		w := x.watch()
		w.runsIn(4711)
		w.stop()
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}
