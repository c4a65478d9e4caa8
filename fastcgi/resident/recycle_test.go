package resident

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

const hangingApp = `<?php
function ws_server_text(&$connections, &$connection, $client_key, $msg) {
	while (!file_exists(__DIR__ . '/go')) { usleep(1000); clearstatcache(); }
}`

// What runs when the replacement is asked for ends in the worker before, and counts there, as in the log.
func TestReplacedWorkerHasItsLastEvent(t *testing.T) {
	lane := startLane(t, hangingApp)
	last := withRow(newRecorded(1, 7, "hello"))
	lane.Run(last)
	type answer struct {
		Replaced
		error
	}
	answered := make(chan answer, 1)
	go func() {
		r, err := lane.Replace(t.Context(), ByOperator)
		answered <- answer{r, err}
	}()
	eventually(t, "the replacement waits for the event", func() bool {
		lane.mu.Lock()
		defer lane.mu.Unlock()
		return lane.waiting
	})
	if err := os.WriteFile(filepath.Join(lane.config().Dir, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	last.wait(t)
	select {
	case r := <-answered:
		if b := r.Before; r.error != nil || b.Events != 1 || b.Cause != CauseOperator || b.Ended.IsZero() || r.After.Events != 0 {
			t.Errorf("got %+v", r)
		}
	case <-time.After(patience):
		t.Fatal("the worker is not replaced")
	}
}

// A worker that was filled too early is replaced by one that knows what has changed since.
func TestWorkerIsFilledAnew(t *testing.T) {
	lane := startLane(t, echoApp)
	before, _, _ := lane.runner()
	if err := lane.Refill(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, _, ok := lane.runner()
	if !ok || after.PID == before.PID {
		t.Errorf("got %+v after %+v", after, before)
	}
	if was := lane.ended(before); was.Reason != stateChanged {
		t.Errorf("got %+v", was)
	}
	x := withRow(newRecorded(1, 7, "hello"))
	lane.Run(x)
	if err := x.wait(t).err; err != nil {
		t.Error(err)
	}
}
