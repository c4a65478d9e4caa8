package resident

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// besideApp keeps what its process has: each event says how many there were, and of which client.
const besideApp = `<?php
$living = 'of file scope';
$wrote = 0;
function ws_server_text(&$connections, &$connection, $client_key, $msg) {
	static $n = 0;
	global $living;
	$name = 'wrote';
	switch ($msg) {
	case 'exit': exit;
	case 'throw': throw new Exception('thrown');
	case 'sleep': sleep(60);
	case 'kill': posix_kill(getmypid(), 9);
	case 'keep': $connection['stream'] = fopen('php://memory', 'r'); break;
	case 'write': $GLOBALS[$name]++; break;
	}
	$connection['n'] = (isset($connection['n']) ? $connection['n'] : 0) + 1;
	send_text($client_key, getmypid() . ' ' . count($connections) . ' ' . $connection['n'] . ' ' . $living . ' ' . $_SERVER['HTTP_HOST']);
}`

// besideEvent is an event of a client with its row, and its answer.
func besideEvent(l *Lane, seq uint64, client int64, text string) (*recorded, *protocol.Event) {
	r := newRecorded(seq, client, text)
	row, traits := protocol.AppendRow(nil, client, protocol.Fields{{Name: "state", Value: []byte(`"OPEN"`)}, {Name: "n", Value: []byte("4")}})
	r.event.Rows.Add(1, row, traits)
	r.event.Code = strings.TrimSuffix(l.current().Code, protocol.Uncertain)
	r.event.Environment = []byte("\x09\x04HTTP_HOSThost")
	return r, &r.event
}

// runBeside runs an event as soon as a worker is free.
func runBeside(t *testing.T, l *Lane, seq uint64, text string, change func(*protocol.Event)) *recorded {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(time.Minute); ; {
		r, e := besideEvent(l, seq, 7, text)
		change(e)
		ran, err := l.Beside().Run(t.Context(), func(e *protocol.Effect) error { r.Apply(e); return nil }, e, func(int) {})
		if r.err = err; ran {
			return r
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("no worker is booted")
		}
	}
}

func asItIs(*protocol.Event) {}

func TestEventsRunBesideTheLane(t *testing.T) {
	lane := startLane(t, besideApp)
	first := runBeside(t, lane, 1, "x", asItIs)
	if len(first.sent) != 1 || !strings.HasSuffix(first.sent[0], " 1 5 of file scope host") || first.done == nil || first.done.Took == 0 {
		t.Fatalf("got %+v", first)
	}
	changed := first.done.Rows[7]
	if changed == nil || string(changed.Set.Get("n")) != "5" {
		t.Errorf("got %+v", first.done.Rows)
	}
	valued := runBeside(t, lane, 2, "x", func(e *protocol.Event) {
		fields, traits := protocol.AppendFields(nil, protocol.Fields{{Name: "living", Value: []byte(`"brought"`)}})
		e.Values.Add(1, fields, traits)
	})
	if len(valued.sent) != 1 || !strings.HasSuffix(valued.sent[0], " 1 5 brought host") {
		t.Errorf("got %+v", valued)
	}
	after := runBeside(t, lane, 3, "x", asItIs)
	if len(after.sent) != 1 || !strings.HasSuffix(after.sent[0], " 1 5 of file scope host") {
		t.Errorf("got %+v", after)
	}
	wrote := runBeside(t, lane, 4, "write", asItIs)
	if wrote.done == nil || wrote.done.Wrote != "$wrote" {
		t.Errorf("got %+v", wrote)
	}
}

func TestEventsBesideTheLaneTellOfWhatOnlyOneProcessCanHold(t *testing.T) {
	lane := startLane(t, besideApp)
	kept := runBeside(t, lane, 1, "keep", asItIs)
	if kept.done == nil || !slices.Equal(kept.done.Bound, []int64{7}) || kept.done.Rows[7].Set.Get("stream") != nil {
		t.Errorf("got %+v", kept)
	}
	if after := runBeside(t, lane, 2, "x", asItIs); after.done == nil || after.done.Bound != nil {
		t.Errorf("got %+v", after)
	}
}

func TestEventsThatFailEndTheirWorker(t *testing.T) {
	lane := startLane(t, besideApp)
	for i, tt := range []struct {
		text   string
		failed protocol.FailureKind
		err    error
	}{
		{"exit", protocol.FailedExit, nil}, {"throw", protocol.FailedException, nil}, {"sleep", protocol.FailedTimeout, nil},
		{"kill", "", protocol.ErrCutOff},
	} {
		runBeside(t, lane, uint64(10*i+1), "x", asItIs)
		failed := runBeside(t, lane, uint64(10*i+2), tt.text, asItIs)
		if !errors.Is(failed.err, tt.err) || (failed.fail == nil) != (tt.failed == "") || failed.fail != nil && failed.fail.Kind != tt.failed {
			t.Errorf("%s: got %+v, %v", tt.text, failed.fail, failed.err)
		}
		after := runBeside(t, lane, uint64(10*i+3), "x", asItIs)
		if len(after.sent) != 1 || after.err != nil {
			t.Errorf("%s: got %+v", tt.text, after)
		}
	}
}

func TestWorkerThatDiesWhileIdleCostsNoEvent(t *testing.T) {
	lane := startLane(t, besideApp)
	runBeside(t, lane, 1, "x", asItIs)
	for _, i := range lane.beside.infos() {
		p, err := os.FindProcess(i.PID)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	if after := runBeside(t, lane, 2, "x", asItIs); after.err != nil || len(after.sent) != 1 {
		t.Errorf("got %+v", after)
	}
}

func TestEventsOfOtherCodeDoNotRunBeside(t *testing.T) {
	lane := startLane(t, besideApp)
	runBeside(t, lane, 1, "x", asItIs)
	r, e := besideEvent(lane, 2, 7, "x")
	e.Code = "0f"
	if ran, err := lane.Beside().Run(t.Context(), func(e *protocol.Effect) error { r.Apply(e); return nil }, e, func(int) {}); ran || err != nil {
		t.Errorf("got %v, %v", ran, err)
	}
}

func TestEventBesideEndsWithItsContext(t *testing.T) {
	lane := startLane(t, besideApp)
	runBeside(t, lane, 1, "x", asItIs)
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	r, e := besideEvent(lane, 2, 7, "sleep")
	ran, err := lane.Beside().Run(ctx, func(e *protocol.Effect) error { r.Apply(e); return nil }, e, func(int) {})
	if !ran || !errors.Is(err, why) {
		t.Errorf("got %v, %v", ran, err)
	}
}

func TestManyEventsRunBesideEachOther(t *testing.T) {
	lane := startLane(t, besideApp)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := range 50 {
				r := runBeside(t, lane, uint64(1000*i+j+1), "x", asItIs)
				if len(r.sent) != 1 || r.err != nil {
					t.Errorf("got %+v", r)
				}
			}
		})
	}
	all.Wait()
	if n := len(lane.beside.infos()); n > 3 {
		t.Errorf("there are %d workers", n)
	}
}

// php-fpm may have been busy only for a moment when it had no process for another worker.
func TestPoolLooksForRoomAgain(t *testing.T) {
	lane := startLane(t, besideApp)
	p := lane.Beside()
	p.mu.Lock()
	p.limit, p.grow = 0, time.Now().Add(time.Hour)
	p.mu.Unlock()
	_, e := besideEvent(lane, 1, 7, "x")
	if ran, err := p.Run(t.Context(), func(*protocol.Effect) error { return nil }, e, func(int) {}); ran || p.booting > 0 {
		t.Fatalf("ran: %v, %v", ran, err)
	}
	p.mu.Lock()
	p.grow = time.Now()
	p.mu.Unlock()
	if r := runBeside(t, lane, 2, "x", asItIs); r.done == nil {
		t.Errorf("got %+v", r)
	}
}
