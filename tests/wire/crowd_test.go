package wire

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
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
	s := harness.Serve(t, harness.App{Handlers: mirror, TOML: "[server]\nmax_connections = 2\n[control]\nlisten = \"127.0.0.1:0\"\n"})
	handshake := upgrade(key, version, cookie, agent)
	first := s.Open("127.0.0.1", handshake)
	knownTo(first)
	half := s.Open("127.0.0.1", "GET / HTTP/1.1\r\n") // this one counts, too
	for range 3 {
		wantTurnedAway(t, s.Open("127.0.0.1", handshake).Answer(), http.StatusServiceUnavailable)
	}
	wantTurnedAway(t, s.Open("127.0.0.1", "").Answer(), http.StatusServiceUnavailable) // a client that says nothing is told, too
	s.Log.Wait("connections were turned away", `"max_connections":1`, "127.0.0.1")
	if n := strings.Count(s.Log.Text(), "turned away"); n > 1 {
		t.Errorf("%d lines for one interval", n)
	}
	if asked := s.Read("asked"); len(asked) != 1 {
		t.Errorf("PHP was asked %d times", len(asked))
	}
	half.Conn.Close()
	first.Conn.Close()
	harness.Eventually(t, "there is room again", func() bool { return s.Open("127.0.0.1", handshake).Answer().StatusCode == 101 })
}

func TestConnectionsOfOneAddressAreLimited(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: mirror, TOML: "[server]\nmax_connections_per_address = 1\n"})
	handshake := upgrade(key, version, cookie, agent)
	first := s.Open("127.0.0.1", handshake)
	knownTo(first)
	wantTurnedAway(t, s.Open("127.0.0.1", handshake).Answer(), http.StatusTooManyRequests)
	knownTo(s.Open("127.0.0.2", handshake))
	first.Conn.Close()
	harness.Eventually(t, "there is room again", func() bool { return s.Open("127.0.0.1", handshake).Answer().StatusCode == 101 })
}

func TestHandshakesPerSecondAreLimited(t *testing.T) {
	t.Parallel()
	// Two at once, then two a second: any machine is fast enough to be turned away.
	for name, row := range map[string]struct {
		toml          string
		status, other int
	}{
		"in all":      {"handshake_rate = 2\n", 503, 503},
		"per address": {"handshake_rate_per_address = 2\n", 429, 101},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.Serve(t, harness.App{Handlers: mirror, TOML: "[server]\n" + row.toml})
			handshake := upgrade(key, version, cookie, agent)
			let, turned := 0, 0
			began := time.Now()
			for turned < 5 {
				switch response := s.Open("127.0.0.1", handshake).Answer(); response.StatusCode {
				case 101:
					let++
				default:
					turned++
					wantTurnedAway(t, response, row.status)
				}
				if time.Since(began) > harness.Patience {
					t.Fatal("nobody is turned away")
				}
			}
			if most := 3 + int(2*time.Since(began)/time.Second); let < 2 || let > most {
				t.Errorf("%d came in, want 2 to %d", let, most)
			}
			if row.other == 101 {
				knownTo(s.Open("127.0.0.2", handshake))
			}
			harness.Eventually(t, "some come in later", func() bool { return s.Open("127.0.0.1", handshake).Answer().StatusCode == 101 })
		})
	}
}

// A storm is answered, or at least ended, and its sockets are closed.
func TestWhoIsTurnedAwayIsForgotten(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: mirror, TOML: "[server]\nmax_connections = 1\n"})
	handshake := upgrade(key, version, cookie, agent)
	first := s.Open("127.0.0.1", handshake)
	knownTo(first)
	before := s.Files()
	answered := 0
	for range 500 {
		c := s.Open("127.0.0.3", handshake)
		if c.Answer().StatusCode == 503 {
			answered++
		}
		c.Conn.Close()
	}
	if answered < 250 {
		t.Errorf("only %d of 500 were told why", answered)
	}
	harness.Eventually(t, "their sockets are closed", func() bool { return s.Files() <= before+2 })
	first.Bye() // the client that was there before still is
}
