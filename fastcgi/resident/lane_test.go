package resident

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/fastcgi"
	"github.com/wsbridge/wsbridge/fastcgi/phpfpm"
	phphandlers "github.com/wsbridge/wsbridge/php-handlers"
	"github.com/wsbridge/wsbridge/protocol"
)

// testState holds no rows.
type testState struct{}

func (testState) AwaitChanges(context.Context) error { return nil }
func (testState) Fill() *protocol.Event {
	return &protocol.Event{Kind: protocol.Fill, Whole: true}
}
func (testState) Filled(*protocol.Done)   {}
func (testState) ProcessesReady()         {}
func (testState) Empty()                  {}
func (testState) HeldUp(time.Time)        {}
func (testState) GoesOn()                 {}
func (testState) Changes(*protocol.Event) {}
func (testState) IsUncertain() bool       { return false }
func (testState) Knows(string) bool       { return true }
func (testState) Audit() (*protocol.Event, func(*protocol.Done)) {
	return &protocol.Event{Kind: protocol.Audit}, nil
}
func (testState) Describe(context.Context) (func(), error) {
	return func() {}, nil
}

// recorded is an event that records what became of it.
type recorded struct {
	event protocol.Event
	sent  []string
	logs  []string
	done  *protocol.Done
	fail  *protocol.Failure
	err   error
	ended chan struct{}

	abandoned bool
}

var errDropped = errors.New("dropped")

func newRecorded(seq uint64, client int64, text string) *recorded {
	return &recorded{event: protocol.Event{Kind: protocol.Text, Seq: seq, Client: client, Payload: []byte(text)}, ended: make(chan struct{})}
}

func (r *recorded) IsSmall() bool { return true }

func (r *recorded) Long(int, time.Duration) {}

func (r *recorded) IsAbandoned() bool { return r.abandoned }
func (r *recorded) Drop()             { r.End(errDropped) }

func (r *recorded) Event() *protocol.Event { return &r.event }
func (r *recorded) Apply(e *protocol.Effect) {
	switch {
	case e.Send != nil:
		r.sent = append(r.sent, string(e.Send.Payload))
	case e.Log != nil:
		r.logs = append(r.logs, e.Log.Message)
	case e.Done != nil:
		r.done = e.Done
	case e.Failed != nil:
		r.fail = e.Failed
	}
}
func (r *recorded) End(err error) { r.err = err; close(r.ended) }
func (r *recorded) Alone()        { r.End(protocol.ErrUnavailable) }

func (r *recorded) wait(t *testing.T) *recorded {
	t.Helper()
	select {
	case <-r.ended:
	case <-time.After(patience):
		t.Fatal("no end")
	}
	return r
}

func startLane(t testing.TB, app string) *Lane {
	t.Helper()
	lane := newTestLane(t, app)
	if err := lane.Start(t.Context(), testState{}); err != nil {
		t.Fatal(err)
	}
	return lane
}

// newTestLane returns a lane that is not started.
func newTestLane(t testing.TB, app string) *Lane {
	t.Helper()
	dir, err := os.MkdirTemp("", "wsbridge-test-") // t.TempDir cannot be entered by another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	events := filepath.Join(dir, "push_server_events.php")
	if err := os.WriteFile(events, []byte(app), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := phphandlers.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	fpm, err := phpfpm.Start(t.Context(), phpfpm.Config{Dir: dir, Workers: 1, Residents: 8, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fpm.Close() })
	client, err := fastcgi.New(fastcgi.Config{Network: "unix", Address: fpm.Address(), Script: filepath.Join(dir, phphandlers.Entry), EventsFile: events, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	lane, err := NewLane(Config{Dir: dir, Mode: 0o666, Timeout: 5 * time.Second, Beside: 3, MaxPayload: 1 << 20, Quote: true, Logger: log}, client.NewBooter("unix", fpm.ResidentAddress()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lane.Close(context.Background()) })
	return lane
}

const echoApp = `<?php
$count = 0;
function ws_server_text(&$connections, &$connection, $client_key, $msg) {
	static $n = 0;
	if ($msg === 'exit') exit;
	send_text($client_key, $msg . ' ' . ++$n);
}`

// withRow returns an event that brings its client's row.
func withRow(r *recorded) *recorded {
	row, _ := protocol.AppendNew(nil, 0, r.event.Client, protocol.Fields{{Name: "state", Value: []byte(`"OPEN"`)}})
	r.event.Changes.Add(1, row, protocol.Traits{})
	return r
}

func TestEventsRunInOneProcess(t *testing.T) {
	lane := startLane(t, echoApp)
	for i := range 3 {
		r := newRecorded(uint64(i+1), 7, "hello")
		if i == 0 {
			withRow(r)
		}
		lane.Run(r)
		r.wait(t)
		if want := fmt.Sprint("hello ", i+1); len(r.sent) != 1 || r.sent[0] != want || r.err != nil || r.done == nil {
			t.Fatalf("got %+v, want %q", r, want)
		}
	}
	failed := newRecorded(4, 7, "exit")
	after := withRow(newRecorded(5, 7, "again"))
	lane.Run(failed)
	lane.Run(after)
	if failed.wait(t); failed.fail == nil || failed.fail.Kind != protocol.FailedExit {
		t.Errorf("got %+v", failed)
	}
	if after.wait(t); len(after.sent) != 1 || after.sent[0] != "again 1" {
		t.Errorf("got %+v", after)
	}
}

// A spare may end just when it is to take over.
func TestWorkerThatHasEndedDoesNotTakeOver(t *testing.T) {
	lane := startLane(t, echoApp)
	dead, err := lane.boot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dead.kill()
	<-dead.done
	if err := lane.activate(t.Context(), dead); !errors.Is(err, protocol.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	lane.keep(dead)
	lane.mu.Lock()
	defer lane.mu.Unlock()
	if lane.worker == dead || lane.spare == dead {
		t.Error("events go to a worker that has ended")
	}
}

// describing is a state that does not know the code that workers load, and has it described by what the test says.
type describing struct {
	testState
	describe func() error
}

func (describing) Knows(string) bool { return false }

func (d describing) Describe(context.Context) (func(), error) { return func() {}, d.describe() }

// php-fpm reloads while a worker is about to run events: what it waits for waits for php-fpm, which waits for the worker.
func TestWorkerLeavesWhileItsCodeIsDescribed(t *testing.T) {
	lane := newTestLane(t, echoApp)
	times := 0
	describe := func() error {
		if times++; times > 1 {
			return nil
		}
		w := lane.current()
		if err := syscall.Kill(w.PID, syscall.SIGQUIT); err != nil { // as php-fpm does when it reloads
			return err
		}
		select {
		case <-w.done:
			return nil
		case <-time.After(patience):
			return errors.New("the worker has not left")
		}
	}
	if err := lane.Start(t.Context(), describing{describe: describe}); err != nil {
		t.Fatal(err)
	}
	if info := lane.Report().Ended; len(info) != 1 || info[0].Reason != fpmEnds {
		t.Fatalf("the worker has not left: %+v", info)
	}
	r := withRow(newRecorded(1, 7, "hello"))
	lane.Run(r)
	if r.wait(t); len(r.sent) != 1 || r.err != nil {
		t.Errorf("got %+v", r)
	}
}

// BenchmarkPipelined also reports the worker's processor time.
func BenchmarkPipelined(b *testing.B) {
	lane := startLane(b, echoApp)
	first := withRow(newRecorded(1, 7, "x"))
	lane.Run(first)
	<-first.ended
	seq := uint64(1)
	pid := lane.current().PID
	began := cpuTime(b, pid)
	b.ResetTimer()
	free := make(chan struct{}, 64)
	var all sync.WaitGroup
	for range b.N {
		free <- struct{}{}
		seq++
		r := newRecorded(seq, 7, "hello world hello world")
		r.event.Own = true
		r.event.Environment = first.event.Environment
		all.Go(func() { <-r.ended; <-free })
		lane.Run(r)
	}
	all.Wait()
	b.ReportMetric(float64((cpuTime(b, pid)-began).Nanoseconds())/float64(b.N), "php-ns/op")
}

// cpuTime returns the processor time of a process (proc(5), schedstat).
func cpuTime(b *testing.B, pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	if err != nil {
		b.Fatal(err)
	}
	var ns int64
	fmt.Sscan(string(text), &ns)
	return time.Duration(ns)
}
