// Package attacks does to the real program, with a real php-fpm, what the internet and broken neighbours do. Behind each attack
// everything is as it was: memory, goroutines and descriptors; and meanwhile nobody else was kept waiting.
package attacks

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// Short names for what the attacks are made of.
type (
	peer  = harness.Peer
	frame = harness.Frame
)

func text(payload string) frame { return harness.Text(payload) }
func bin(payload string) frame  { return harness.Bin(payload) }
func rest(payload string) frame { return harness.Rest(payload) }
func ping(payload string) frame { return harness.Ping(payload) }
func pong(payload string) frame { return harness.Pong(payload) }

// server is what is attacked.
type server struct {
	*harness.Server
	before harness.Vitals // anything happened
}

func serve(t *testing.T, handlers, toml string) *server {
	t.Helper()
	s := harness.Serve(t, harness.App{Handlers: handlers, TOML: harness.Brief + harness.Anybody + toml})
	return &server{s, s.Settled()}
}
