// Package traces asserts that the server sends spans of its events to a collector that speaks OTLP over HTTP, and that no event waits for
// one that does not take them.
package traces

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
