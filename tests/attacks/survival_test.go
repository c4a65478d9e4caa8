package attacks

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Bounds of what an attack may do. The race detector makes of each byte five to ten, and the machine may be busy.
const (
	mostGrowth = 96 << 20         // of the server's memory at its peak
	mostStall  = 30 * time.Second // of somebody else's message
)

// survives runs an attack while somebody else talks with the server, which must be an echo. Afterwards nothing is left of it,
// memory was bounded all the time, and the other was never kept waiting.
func survives(t *testing.T, s *server, attack func(t *testing.T)) {
	t.Helper()
	survivesGrowing(t, s, mostGrowth, attack)
}

// survivesGrowing is survives for attacks that have a right to more memory, such as thousands of clients.
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

// talk sends messages one by one until over, and returns the longest wait for an answer; it is negative if one did not come.
// What else comes, such as broadcasts, is not looked at.
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

// crowd runs f for that many clients side by side.
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
