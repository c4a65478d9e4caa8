// Package conformance holds the real program, with an echo handler in PHP, to RFC 6455 and RFC 7692, frame by frame.
// Subtests have the numbers of the same cases in the Autobahn test suite; other subtests are named in words.
// deploy/autobahn runs the original.
package conformance

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// serve serves handlers with further lines of the configuration. Clients need no cookie and no user agent.
func serve(t *testing.T, handlers, toml string) *harness.Server {
	t.Helper()
	return harness.Serve(t, harness.App{Handlers: handlers, TOML: harness.Anybody + toml})
}

// Short names for the tables of frames.
type frame = harness.Frame

func text(payload string) frame { return harness.Text(payload) }
func bin(payload string) frame  { return harness.Bin(payload) }
func rest(payload string) frame { return harness.Rest(payload) }
func ping(payload string) frame { return harness.Ping(payload) }
func pong(payload string) frame { return harness.Pong(payload) }

func closing(code uint16, reason string) frame { return harness.Closing(code, reason) }

const (
	opText   = harness.OpText
	opBinary = harness.OpBinary
	opClose  = harness.OpClose
)

// emptyText makes an empty text an event, as Autobahn's echo server does. The original did not call handlers for it.
const emptyText = "server.empty_text = true\n"
