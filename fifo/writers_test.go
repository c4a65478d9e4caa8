package fifo

import (
	"encoding/binary"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestWritersAreCounted(t *testing.T) {
	const o, m, c, r = unix.IN_OPEN, unix.IN_MODIFY, unix.IN_CLOSE_WRITE, unix.IN_CLOSE_NOWRITE
	type step struct {
		events []uint32 // up to the read
		after  []uint32 // up to the count; nil after a read of nothing
		want   int
		left   bool // there was more to read
	}
	const all, more = false, true // of what was there was read
	none := []uint32{}
	for name, row := range map[string][]step{
		"one":                            {{[]uint32{o, m, c}, none, 1, all}},
		"one, at the moment of the read": {{none, []uint32{o, m, c}, 1, all}, {[]uint32{o, m, c}, none, 1, all}},
		"two":                            {{[]uint32{o, m, c, o, m, c}, none, 2, all}},
		"side by side":                   {{[]uint32{o, m, c, m, c}, none, 2, all}},
		"in pieces":                      {{[]uint32{o, m}, none, 1, all}, {[]uint32{m}, none, 0, all}, {[]uint32{c}, nil, 0, all}},
		"the next has only opened":       {{[]uint32{o, m, c, o}, none, 2, all}, {[]uint32{m, c}, none, 1, all}},
		"read before the event came":     {{[]uint32{o}, none, 1, all}, {[]uint32{m, c, o, m, c}, none, 1, all}, {nil, nil, 0, all}},
		"written before the read ended":  {{[]uint32{o, m, c}, none, 1, all}, {[]uint32{o, m, c}, nil, 1, all}},
		"the next, at that moment":       {{[]uint32{o, m, c}, []uint32{o, m, c}, 1, more}, {none, none, 1, all}, {none, none, 0, all}},
		"and one more":                   {{none, []uint32{o, m, c}, 1, more}, {[]uint32{o, m, c}, none, 1, all}, {none, none, 0, all}},
		"and two more":                   {{none, []uint32{o, m, c, o, m, c, o, m, c}, 2, more}, {none, none, 2, all}, {none, none, 0, all}},
		"of what was read before":        {{[]uint32{o, m, c}, []uint32{o, m, c}, 2, all}, {nil, nil, 0, all}, {nil, none, 0, all}},
		"who does not write yet":         {{[]uint32{o, o, m, c}, none, 2, all}, {[]uint32{o, m, c}, none, 1, all}, {[]uint32{o, m}, none, 1, all}},
		"who does not write":             {{[]uint32{o, r}, nil, 0, all}, {[]uint32{o, c, o, m, c}, none, 1, all}},
		"too many":                       {{[]uint32{o, m, unix.IN_Q_OVERFLOW}, none, unknown, all}, {[]uint32{o, m, c}, none, 1, all}},
	} {
		var tally writerTally
		for i, step := range row {
			tally.add(inotify(step.events))
			before := tally.wrote
			tally.add(inotify(step.after))
			got := 0
			if step.after == nil {
				got = tally.takeLate()
			} else {
				got = tally.take(before, !step.left)
			}
			if got != step.want {
				t.Errorf("%s, step %d: %d writers, want %d", name, i, got, step.want)
			}
		}
	}
}

func inotify(masks []uint32) (events []byte) {
	for _, mask := range masks {
		event := make([]byte, unix.SizeofInotifyEvent)
		binary.NativeEndian.PutUint32(event[4:], mask)
		events = append(events, event...)
	}
	return events
}

// A busy machine may let the deadline pass before the reader looks.
func TestSettleEndsAtADeadlineThatHasPassed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	c := countWriters(path)
	defer c.close()
	defer open(t, path).Close() // it does not write
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.settle(time.Now().Add(-time.Second))
	}()
	receive(t, ended, "end of settle")
}
