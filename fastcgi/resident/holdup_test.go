package resident

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// waitApp waits in a text for the file that it names.
const waitApp = `<?php
function ws_server_text(&$connections, &$connection, $client_key, $msg) {
	if ($msg[0] === '/') while (!file_exists($msg)) { usleep(1000); clearstatcache(); }
	send_text($client_key, $msg);
}`

// heldState notes what it is told.
type heldState struct {
	testState
	told chan string
}

func (s heldState) HeldUp(since time.Time) {
	if time.Since(since) < holdTime {
		s.told <- "held up too early"
		return
	}
	s.told <- "held up"
}

func (s heldState) GoesOn() { s.told <- "goes on" }

func (s heldState) wants(t *testing.T, what string) {
	t.Helper()
	select {
	case got := <-s.told:
		if got != what {
			t.Fatalf("%s, want %s", got, what)
		}
	case <-time.After(patience):
		t.Fatal("not told: " + what)
	}
}

const holdTime = 200 * time.Millisecond

// holdUp starts a lane and runs an event that ends when the file is there, with one after it that its worker has been sent, and two after that,
// the first of which nobody waits for.
func holdUp(t *testing.T) (lane *Lane, state heldState, file string, all []*recorded) {
	t.Helper()
	lane = newTestLane(t, waitApp)
	lane.cfg.Hold = holdTime
	state = heldState{told: make(chan string, 10)}
	if err := lane.Start(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(lane.cfg.Dir, "go")
	for i, text := range []string{file, "sent", "abandoned", "last"} {
		r := withRow(newRecorded(uint64(i+1), int64(i+7), text))
		r.abandoned = text == "abandoned"
		all = append(all, r)
	}
	lane.Run(all[0])
	lane.Run(all[1])
	state.wants(t, "held up")
	lane.Run(all[2])
	lane.Run(all[3])
	if behind := lane.Behind(); !slices.Equal(behind, []protocol.Exchange{all[1], all[2], all[3]}) {
		t.Errorf("%d events are behind it", len(behind))
	}
	lane.mu.Lock()
	defer lane.mu.Unlock()
	if n := len(lane.queue); n < 2 {
		t.Errorf("%d events were not sent, want the last two", n)
	}
	return lane, state, file, all
}

func TestNothingIsSentAfterALongEvent(t *testing.T) {
	lane, state, file, all := holdUp(t)
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	state.wants(t, "goes on")
	wantRun(t, []*recorded{all[0], all[1], all[3]})
	if all[2].wait(t); !errors.Is(all[2].err, errDropped) {
		t.Errorf("got %v", all[2].err)
	}
	again := withRow(newRecorded(9, 20, "again"))
	lane.Run(again)
	wantRun(t, []*recorded{again})
}
