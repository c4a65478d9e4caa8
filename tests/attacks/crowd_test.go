package attacks

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// many is how many clients come at once.
const many = 2000

// mostOfMany is the memory of that many clients and their waiting requests, with the race detector.
const mostOfMany = 768 << 20

// TestThousandsComeAtOnce connects all clients at the same time. Each must be answered, or told to come back.
func TestThousandsComeAtOnce(t *testing.T) {
	s := serve(t, harness.Echo, "")
	survivesGrowing(t, s, mostOfMany, func(t *testing.T) {
		var group sync.WaitGroup
		ready, start := make(chan struct{}, many), make(chan struct{})
		for n := range many {
			group.Go(func() {
				ready <- struct{}{}
				<-start
				comeIn(t, s, fmt.Sprint("hello from ", n))
			})
		}
		for range many {
			<-ready
		}
		close(start)
		group.Wait()
	})
}

func comeIn(t *testing.T, s *server, greeting string) {
	p, response, err := s.In(t).TryHandshake()
	if err != nil {
		t.Errorf("handshake: %v", err)
		return
	}
	defer p.Conn.Close()
	_ = p.Conn.SetDeadline(time.Now().Add(harness.Patience))
	switch response.StatusCode {
	case http.StatusSwitchingProtocols:
		p.Send(text(greeting))
		p.Want(text(greeting))
		p.Bye()
	case http.StatusServiceUnavailable:
		if response.Header.Get("Retry-After") == "" {
			t.Error("turned away without Retry-After")
		}
	default:
		t.Errorf("got %s", response.Status)
	}
}

// gather connects that many clients, a few at a time.
func gather(t *testing.T, s *server, n int) []*peer {
	t.Helper()
	peers := make([]*peer, n)
	var group sync.WaitGroup
	turns := make(chan struct{}, 32)
	for i := range n {
		turns <- struct{}{}
		group.Go(func() {
			defer func() { <-turns }()
			p, response, err := s.In(t).TryHandshake()
			if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
				t.Errorf("handshake: %v, %v", response, err)
				return
			}
			peers[i] = p
		})
	}
	group.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return peers
}
