package resident

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReportSaysWhichWorkersThereWere(t *testing.T) {
	lane := startLane(t, echoApp)
	lane.Run(withRow(newRecorded(1, 7, "hello")))
	second := newRecorded(2, 7, "hello")
	lane.Run(second)
	second.wait(t)
	first := alone(t, lane)
	if first.Events != 2 || first.PID != second.event.Worker || first.Reason != "" || first.Filled.IsZero() || first.Code == "" {
		t.Errorf("got %+v, want 2 events in %d", first, second.event.Worker)
	}
	replaced, err := lane.Replace(t.Context(), ByOperator)
	if err != nil || replaced.Before.PID != first.PID || replaced.After.PID != alone(t, lane).PID || replaced.After.PID == first.PID {
		t.Errorf("got %+v, %v", replaced, err)
	}
	failed := withRow(newRecorded(3, 7, "exit"))
	lane.Run(failed)
	failed.wait(t)
	after := withRow(newRecorded(4, 7, "hello"))
	lane.Run(after)
	after.wait(t)
	if after.event.Worker != alone(t, lane).PID || after.event.Worker == failed.event.Worker {
		t.Errorf("it ran in %d after one that failed in %d", after.event.Worker, failed.event.Worker)
	}
	r := lane.Report()
	if r.Events[Alone] != 4 || r.Replaced[CauseOperator] != 1 || r.Replaced[CauseFailure] != 1 || r.Stateless || r.Failed.Times != 0 {
		t.Errorf("got %+v", r)
	}
	var ended []Cause
	for _, i := range r.Ended {
		ended = append(ended, i.Cause)
		if i.Reason == "" || i.Ended.Before(i.Started) || i.Kind != Alone {
			t.Errorf("got %+v", i)
		}
	}
	if !slices.Equal(ended, []Cause{CauseOperator, CauseFailure}) {
		t.Errorf("workers have ended by %v", ended)
	}
}

// A worker that could not load the application has replaced none, and counts as one that could not be started.
func TestReportTellsFailedBootsFromReplacedWorkers(t *testing.T) {
	lane := startLane(t, `<?php
if (file_exists(__DIR__ . '/broken')) { throw new Exception('no database'); }
function ws_server_text(&$connections, &$connection, $client_key, $msg) { }`)
	if err := os.WriteFile(filepath.Join(lane.config().Dir, "broken"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	served := alone(t, lane)
	lane.current().kill()
	eventually(t, "workers could not be started", func() bool { return lane.Report().Failed.Times > 1 })
	r := lane.Report()
	if r.Replaced[CauseFailure] != 0 || r.Replaced[CauseDied] != 1 || len(r.Ended) != 1 || r.Ended[0].PID != served.PID {
		t.Errorf("got %+v", r)
	}
	if !strings.Contains(r.Failed.Error, "no database") {
		t.Errorf("the last: %s", r.Failed.Error)
	}
}

// alone returns the worker that runs events.
func alone(t *testing.T, lane *Lane) Info {
	t.Helper()
	i, _, ok := lane.runner()
	if !ok {
		t.Fatal("there is no worker")
	}
	return i
}

// brokenBooter is a pool that nothing answers for.
type brokenBooter struct{ Booter }

func (brokenBooter) Run(context.Context, map[string]string, func(string) string) error {
	return errors.New("no such pool")
}

func TestReplaceSaysWhyAWorkerGoesOn(t *testing.T) {
	lane := startLane(t, echoApp)
	eventually(t, "there is a spare", func() bool { return len(lane.Report().Workers) == 2 })
	lane.Use(t.Context(), lane.config(), brokenBooter{lane.booter})
	before := alone(t, lane).PID
	if _, err := lane.Replace(t.Context(), ByOperator); !errors.Is(err, ErrNotReplaced) || !strings.Contains(err.Error(), "no such pool") {
		t.Errorf("got %v", err)
	}
	if got := alone(t, lane).PID; got != before {
		t.Errorf("worker %d has become %d", before, got)
	}
	if got := lane.Report().Failed; got.Times == 0 || got.Last.IsZero() || !strings.Contains(got.Error, "no such pool") {
		t.Errorf("got %+v", got)
	}
	lane.current().kill()
	eventually(t, "there is no worker", func() bool { return lane.Report().Stateless })
	if _, err := lane.Replace(t.Context(), ByOperator); !errors.Is(err, ErrNoWorker) {
		t.Errorf("got %v", err)
	}
	if got := lane.Report(); got.Replaced[CauseDied] != 1 || len(got.Workers) != 0 {
		t.Errorf("got %+v", got)
	}
}

// eventually waits for what nothing announces.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(time.Minute); !ok(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("did not happen: %s", what)
		}
	}
}

// PHP says in these words why a worker leaves.
func TestReasonsOfPHP(t *testing.T) {
	text, err := os.ReadFile("../../php-handlers/src/Resident.php")
	if err != nil {
		t.Fatal(err)
	}
	reasons := regexp.MustCompile(`\$leaving = '([^']+)'`).FindAllStringSubmatch(string(text), -1)
	if len(reasons) == 0 {
		t.Fatal("none found")
	}
	for _, r := range reasons {
		if causeOf(r[1]) == CauseOther {
			t.Errorf("%q has no cause", r[1])
		}
	}
}
