// Package conformance holds the real program, with a real php-fpm and an echo handler in PHP, to RFC 6455 and RFC 7692, frame
// by frame. Subtests are named for the cases of the Autobahn test suite that ask the same; those that it does not have are
// named in words. deploy/autobahn runs the original.
package conformance

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// serve serves handlers to clients that say nothing of themselves, with further lines of the configuration.
func serve(t *testing.T, handlers, toml string) *harness.Server {
	t.Helper()
	return harness.Serve(t, harness.App{Handlers: handlers, TOML: harness.Anybody + toml})
}

// frame and what makes one have short names: the tables here are full of them.
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

// emptyText makes an empty text an event, as Autobahn's echo server has it. The original server kept it from handlers.
const emptyText = "server.empty_text = true\n"
