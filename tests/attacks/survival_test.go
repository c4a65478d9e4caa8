package attacks

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Bounds of what an attack may do. The race detector takes five to ten times the memory, and the machine may be busy.
const (
	mostGrowth = 96 << 20         // of the server's memory at its peak
	mostStall  = 30 * time.Second // of another client's message
)

// survives runs an attack on an echo server while another client talks with it. It fails the test if anything is left
// of the attack, if memory grew too much, or if the other client had to wait.
func survives(t *testing.T, s *server, attack func(t *testing.T)) {
	t.Helper()
	survivesGrowing(t, s, mostGrowth, attack)
}

// survivesGrowing is survives for attacks that may take more memory, such as thousands of clients.
func survivesGrowing(t *testing.T, s *server, most int, attack func(t *testing.T)) {
	t.Helper()
	s.In(t).ForgetPeak()
	resident := s.In(t).Vitals().Resident
	over, stall := make(chan struct{}), make(chan time.Duration, 1)
	witness := s.In(t).Peer()
	go func() { stall <- talk(witness, over) }()
	began := time.Now()
	attack(t)
	took := time.Since(began)
	close(over)
	longest := <-stall
	if longest < 0 || longest > mostStall {
		t.Errorf("somebody else waited for %v", longest)
	}
	peak := s.In(t).Vitals().Peak - resident
	if peak > most {
		t.Errorf("memory grew by %d MiB", peak>>20)
	}
	s.In(t).Recovers(s.before)
	t.Logf("%v; somebody else waited %v at most, memory grew by %d MiB", took.Round(time.Millisecond),
		longest.Round(time.Millisecond), peak>>20)
}

// talk sends messages one by one until over, and returns the longest wait for an answer, or a negative number if one
// did not come. It skips other messages, such as broadcasts.
func talk(p *peer, over <-chan struct{}) (longest time.Duration) {
	defer p.Conn.Close()
	for n := 0; ; n++ {
		select {
		case <-over:
			return longest
		default:
		}
		began := time.Now()
		_ = p.Conn.SetDeadline(began.Add(harness.Patience))
		want := text(fmt.Sprint("message ", n))
		if _, err := p.Conn.Write(want.Append(nil)); err != nil {
			return -1
		}
		for {
			got, err := p.ReadFrame()
			if err != nil || got.Op == harness.OpClose {
				return -1
			}
			if got == want {
				break
			}
			if got.Op == harness.OpPing {
				_, _ = p.Conn.Write(pong(got.Payload).Append(nil)) // else the next write fails
			}
		}
		longest = max(longest, time.Since(began))
	}
}

// crowd runs f for n clients at the same time.
func crowd(t *testing.T, s *server, n int, f func(p *peer)) {
	t.Helper()
	var group sync.WaitGroup
	for range n {
		p := s.In(t).Peer(harness.Offer)
		group.Go(func() {
			defer p.Conn.Close()
			f(p)
		})
	}
	group.Wait()
}
