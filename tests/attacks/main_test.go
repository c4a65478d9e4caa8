// Package attacks does to the real program what the internet and broken neighbours do. After each attack memory,
// goroutines and descriptors are as before, and no other client had to wait meanwhile.
package attacks

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// Short names of what the attacks are made of.
type (
	peer  = harness.Peer
	frame = harness.Frame
)

func text(payload string) frame { return harness.Text(payload) }
func bin(payload string) frame  { return harness.Bin(payload) }
func rest(payload string) frame { return harness.Rest(payload) }
func ping(payload string) frame { return harness.Ping(payload) }
func pong(payload string) frame { return harness.Pong(payload) }

// server is the program under attack.
type server struct {
	*harness.Server
	before harness.Vitals // the first attack
}

func serve(t *testing.T, handlers, toml string) *server {
	t.Helper()
	s := harness.Serve(t, harness.App{Handlers: handlers, TOML: harness.Brief + harness.Anybody + toml})
	return &server{s, s.Settled()}
}
