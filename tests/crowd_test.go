package tests

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

func wantTurnedAway(t *testing.T, response *http.Response, status int) {
	t.Helper()
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	if response.StatusCode != status || err != nil || seconds < 1 {
		t.Errorf("got %s, Retry-After %q; want %d", response.Status, response.Header.Get("Retry-After"), status)
	}
}

func TestConnectionsInAllAreLimited(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: mirror, toml: "[server]\nmax_connections = 2\n[control]\nlisten = \"127.0.0.1:0\"\n"})
	handshake := upgrade(key, version, cookie, agent)
	first := s.call("127.0.0.1", handshake)
	first.known()
	half := s.call("127.0.0.1", "GET / HTTP/1.1\r\n") // counts, too
	for range 3 {
		wantTurnedAway(t, s.call("127.0.0.1", handshake).answer(), http.StatusServiceUnavailable)
	}
	wantTurnedAway(t, s.call("127.0.0.1", "").answer(), http.StatusServiceUnavailable) // who says nothing hears it, too
	s.log.wait("connections were turned away", `"max_connections":1`, "127.0.0.1")
	if n := strings.Count(s.log.text(), "turned away"); n > 1 {
		t.Errorf("%d lines for one interval", n)
	}
	if asked := s.read("asked"); len(asked) != 1 {
		t.Errorf("PHP was asked %d times", len(asked))
	}
	half.conn.Close()
	first.conn.Close()
	eventually(t, "there is room again", func() bool { return s.call("127.0.0.1", handshake).answer().StatusCode == 101 })
}

func TestConnectionsOfOneAddressAreLimited(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: mirror, toml: "[server]\nmax_connections_per_address = 1\n"})
	handshake := upgrade(key, version, cookie, agent)
	first := s.call("127.0.0.1", handshake)
	first.known()
	wantTurnedAway(t, s.call("127.0.0.1", handshake).answer(), http.StatusTooManyRequests)
	s.call("127.0.0.2", handshake).known()
	first.conn.Close()
	eventually(t, "there is room again", func() bool { return s.call("127.0.0.1", handshake).answer().StatusCode == 101 })
}

func TestHandshakesPerSecondAreLimited(t *testing.T) {
	t.Parallel()
	// Two at once, then two a second: a machine on which nobody is turned away within the test's patience is none.
	for name, row := range map[string]struct {
		toml          string
		status, other int
	}{
		"in all":      {"handshake_rate = 2\n", 503, 503},
		"per address": {"handshake_rate_per_address = 2\n", 429, 101},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, app{handlers: mirror, toml: "[server]\n" + row.toml})
			handshake := upgrade(key, version, cookie, agent)
			let, turned := 0, 0
			began := time.Now()
			for turned < 5 {
				switch response := s.call("127.0.0.1", handshake).answer(); response.StatusCode {
				case 101:
					let++
				default:
					turned++
					wantTurnedAway(t, response, row.status)
				}
				if time.Since(began) > patience {
					t.Fatal("nobody is turned away")
				}
			}
			if most := 3 + int(2*time.Since(began)/time.Second); let < 2 || let > most {
				t.Errorf("%d came in, want 2 to %d", let, most)
			}
			if row.other == 101 {
				s.call("127.0.0.2", handshake).known()
			}
			eventually(t, "some come in later", func() bool { return s.call("127.0.0.1", handshake).answer().StatusCode == 101 })
		})
	}
}

// A storm is answered, or at least ended, and leaves nothing behind.
func TestWhoIsTurnedAwayIsForgotten(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: mirror, toml: "[server]\nmax_connections = 1\n"})
	handshake := upgrade(key, version, cookie, agent)
	first := s.call("127.0.0.1", handshake)
	first.known()
	before := s.descriptors()
	answered := 0
	for range 500 {
		c := s.call("127.0.0.3", handshake)
		if c.answer().StatusCode == 503 {
			answered++
		}
		c.conn.Close()
	}
	if answered < 250 {
		t.Errorf("only %d of 500 were told why", answered)
	}
	eventually(t, "their sockets are closed", func() bool { return s.descriptors() <= before+2 })
	if _, err := first.conn.Write([]byte("\x88\x80\x00\x00\x00\x00")); err != nil || first.frame() == nil {
		t.Errorf("who was there before is not: %v", err)
	}
}

// descriptors returns how many files and sockets the program has open.
func (s *server) descriptors() int {
	s.t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(entries)
}
