package soak

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// books are what was sent, acknowledged and run.
type books struct {
	crowd     []*user
	documents int

	runs    map[int][]int // numbers of messages that ran, by client; client 0 is the pipe
	counted []int         // what the application's global variable was in each event of the pipe
	failed  int           // events

	sent, acked, ran int
	unacked          int // messages that were not acknowledged though their clients waited
	unkept           int // messages that were acknowledged and not counted in their row
}

func newBooks(crowd []*user, documents int) *books {
	return &books{crowd: crowd, documents: documents, runs: map[int][]int{}}
}

// read reads the journal.
func (b *books) read(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kind string
		var client, n, count int
		if _, err := fmt.Sscan(lines.Text(), &kind, &client, &n, &count); err != nil {
			t.Fatalf("journal: %q: %v", lines.Text(), err)
		}
		b.runs[client] = append(b.runs[client], n)
		if kind == "fifo" {
			b.counted = append(b.counted, count)
		}
	}
}

// settle compares what was sent, acknowledged, run and kept.
func (b *books) settle(t *testing.T, kills int) {
	t.Helper()
	for _, u := range b.crowd {
		for _, s := range u.sessions {
			b.settleSession(t, s)
		}
	}
	b.inOrder(t, "the pipe", b.runs[0])
	missing, uncounted := b.documents-len(b.runs[0]), b.settleCount(t)
	if missing+uncounted+b.unacked+b.unkept > b.failed {
		t.Errorf("of the messages %d were not acknowledged and %d acknowledged and not kept, of the documents %d did not run and %d ran and were "+
			"not kept, and only %d events failed", b.unacked, b.unkept, missing, uncounted, b.failed)
	}
	if b.failed > kills {
		t.Errorf("%d events failed, and only %d workers were killed", b.failed, kills)
	}
	if b.acked == 0 || len(b.runs[0]) == 0 {
		t.Error("nothing has happened")
	}
}

// settleCount wants the global variable to grow by one with each document whose event did not fail. It returns how many times it did not,
// apart from the last event, which nobody looked at.
func (b *books) settleCount(t *testing.T) (uncounted int) {
	t.Helper()
	last := 0
	for i, count := range b.counted {
		switch count {
		case last + 1:
		case last:
			uncounted++
		default:
			t.Errorf("the pipe: document %d was counted as %d after %d", b.runs[0][i], count, last)
		}
		last = count
	}
	return uncounted
}

func (b *books) settleSession(t *testing.T, s *session) {
	t.Helper()
	ran := b.runs[s.key]
	b.inOrder(t, fmt.Sprint("client ", s.key), ran)
	done := map[int]bool{}
	for _, n := range ran {
		done[n] = true
	}
	for _, n := range s.acked {
		if !done[n] {
			t.Errorf("client %d: message %d was acknowledged and has not run", s.key, n)
		}
	}
	if len(ran) > 0 && ran[len(ran)-1] > s.sent {
		t.Errorf("client %d: message %d ran and was never sent", s.key, ran[len(ran)-1])
	}
	b.sent, b.acked, b.ran = b.sent+s.sent, b.acked+len(s.acked), b.ran+len(ran)
	if !s.leftBad {
		b.unacked += s.sent - len(s.acked)
	}
	if len(s.acked) > 0 {
		b.unkept += len(s.acked) - s.said
	}
}

// inOrder wants the numbers to grow.
func (b *books) inOrder(t *testing.T, who string, numbers []int) {
	t.Helper()
	for i := 1; i < len(numbers); i++ {
		if numbers[i] <= numbers[i-1] {
			t.Errorf("%s: %d ran behind %d", who, numbers[i], numbers[i-1])
		}
	}
}

func (b *books) String() string {
	sessions, hungUp, refused, lost := 0, 0, 0, 0
	for _, u := range b.crowd {
		sessions, refused, lost = sessions+len(u.sessions), refused+u.refused, lost+u.lost
		for _, s := range u.sessions {
			if s.leftBad {
				hungUp++
			}
		}
	}
	return fmt.Sprintf("%d connections, of which %d hung up, %d refused, %d not greeted; %d messages sent, %d ran, %d acknowledged, "+
		"%d not though their clients waited, %d acknowledged by events that then failed; %d documents written, %d ran; %d events failed",
		sessions, hungUp, refused, lost, b.sent, b.ran, b.acked, b.unacked, b.unkept, b.documents, len(b.runs[0]), b.failed)
}

// document is what is written to the pipe.
func document(n int) string { return fmt.Sprintf("{\"n\":%d}", n) }

// writeDocuments writes into the pipe until ctx ends, and returns how many.
func writeDocuments(ctx context.Context, t *testing.T, s *harness.Server) (n int) {
	f, err := os.OpenFile(s.Path(harness.Pipe), os.O_RDWR, 0)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer f.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return n
		case <-tick.C:
		}
		n++
		if _, err := f.WriteString(document(n)); err != nil {
			t.Error(err)
			return n
		}
	}
}
