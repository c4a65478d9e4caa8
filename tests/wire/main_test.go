// Package wire asserts what clients see: handshakes, messages, limits, TLS, and proxies in between.
package wire

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
