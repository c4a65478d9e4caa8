package bridge

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/protocol"
)

// The lane runs nothing while it waits for its turn to replace the application, so it does not wait for ever.
func TestLaneDoesNotWaitForADescriptionThatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		b := &Bridge{log: slog.New(slog.NewTextHandler(&log, nil)), table: rows.New(nil, nil), describing: make(chan struct{}, 1)}
		of := func(code string) *isolation.Application {
			return isolation.New(&isolation.Config{}, &protocol.Description{Code: code})
		}
		b.app.Store(of("old"))
		unlock, err := b.lockDescribing(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		committed := make(chan struct{})
		go func() { defer close(committed); b.commitDescribed(of("new")) }()
		time.Sleep(commitTimeout - time.Second)
		synctest.Wait()
		if got := log.take(); b.app.Load().Code != "old" || got != "" {
			t.Errorf("too early: %s, %s", b.app.Load().Code, got)
		}
		<-committed
		if got := log.take(); b.app.Load().Code != "new" || strings.Count(got, "level=WARN") != 1 || !strings.Contains(got, "waited=10s") {
			t.Errorf("got %s, %s", b.app.Load().Code, got)
		}
		unlock()
		b.commitDescribed(of("newer"))
		if got := log.take(); b.app.Load().Code != "newer" || got != "" {
			t.Errorf("got %s, %s", b.app.Load().Code, got)
		}
	})
}
