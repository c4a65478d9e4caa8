package resident

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

const jobApp = `<?php
function ws_server_text(&$connections, &$connection, $client_key, $msg) {
	if ($msg === 'leave a job') $msg = exec('sleep 300 >/dev/null 2>&1 & echo $!');
	if ($msg === 'hang') while (true) usleep(1000);
	send_text($client_key, $msg);
}`

// leaveJob has the worker leave a program in the background, which has the worker's connection, too.
func leaveJob(t *testing.T, lane *Lane) *worker {
	t.Helper()
	job := withRow(newRecorded(1, 7, "leave a job"))
	lane.Run(job)
	if job.wait(t); len(job.sent) != 1 {
		t.Fatalf("got %+v", job)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(job.sent[0]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	return lane.current()
}

func signalWorker(t *testing.T, w *worker, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(w.process.pid, sig); err != nil {
		t.Fatal(err)
	}
}

// runThree runs an event of each of three clients, and waits until all are written.
func runThree(t *testing.T, lane *Lane, w *worker, first string) []*recorded {
	t.Helper()
	var all []*recorded
	for i, text := range []string{first, "second", "third"} {
		all = append(all, withRow(newRecorded(uint64(i+2), int64(i+8), text)))
		lane.Run(all[i])
	}
	await(t, func() bool {
		lane.mu.Lock()
		defer lane.mu.Unlock()
		return len(w.flights) >= 3 && !slices.ContainsFunc(w.flights, func(s *sent) bool { return !s.written })
	})
	return all
}

func await(t *testing.T, ok func() bool) {
	t.Helper()
	for until := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("timeout")
		}
	}
}

// wantRun fails the test unless the events have run.
func wantRun(t *testing.T, events []*recorded) {
	t.Helper()
	for _, r := range events {
		if r.wait(t); r.err != nil || !slices.Equal(r.sent, []string{string(r.event.Payload)}) {
			t.Errorf("%s: sent %q, %v", r.event.Payload, r.sent, r.err)
		}
	}
}

func TestEventsThatAnEndedWorkerHasNotReadRunInTheNext(t *testing.T) {
	lane := startLane(t, jobApp)
	w := leaveJob(t, lane)
	signalWorker(t, w, syscall.SIGSTOP)
	all := runThree(t, lane, w, "first")
	signalWorker(t, w, syscall.SIGKILL)
	wantRun(t, all)
}

func TestAnEventThatAnEndedWorkerHasReadDoesNotRunAgain(t *testing.T) {
	lane := startLane(t, jobApp)
	w := leaveJob(t, lane)
	hangs := withRow(newRecorded(2, 8, "hang"))
	lane.Run(hangs)
	raw, err := w.conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { // it is read
		var left int
		_ = raw.Control(func(fd uintptr) { left = outQueue(int(fd)) })
		return left == 0
	})
	signalWorker(t, w, syscall.SIGSTOP)
	var others []*recorded
	for i, text := range []string{"second", "third"} {
		others = append(others, withRow(newRecorded(uint64(i+3), int64(i+9), text)))
		lane.Run(others[i])
	}
	await(t, func() bool {
		lane.mu.Lock()
		defer lane.mu.Unlock()
		return len(w.flights) >= 3 && w.flights[2].written
	})
	signalWorker(t, w, syscall.SIGKILL)
	if hangs.wait(t); !errors.Is(hangs.err, protocol.ErrCutOff) {
		t.Errorf("got %v", hangs.err)
	}
	wantRun(t, others)
}

func TestNothingIsWrittenToAWorkerThatHasEnded(t *testing.T) {
	lane := startLane(t, jobApp)
	w := leaveJob(t, lane)
	signalWorker(t, w, syscall.SIGKILL)
	await(t, w.process.hasEnded)
	if w.send([]*sent{{exchange: newRecorded(2, 8, "text")}}) {
		t.Error("it was written")
	}
	all := []*recorded{withRow(newRecorded(3, 8, "first")), withRow(newRecorded(4, 9, "second"))}
	for _, r := range all {
		lane.Run(r)
	}
	wantRun(t, all)
}

// The kernel decides how much memory it takes for a write.
func TestQueued(t *testing.T) {
	for _, sizes := range [][]int{{1}, {60, 177}, {72, 144, 72}, {16 << 10, 1, 4000}} {
		all := queued(sizes)
		for i := range sizes {
			if some := queued(slices.Delete(slices.Clone(sizes), i, i+1)); some >= all || all == 0 {
				t.Errorf("%v: %d, without one of them %d", sizes, all, some)
			}
		}
	}
	if n := queued([]int{64 << 20}); n != 0 {
		t.Errorf("more than fits: %d", n)
	}
}
