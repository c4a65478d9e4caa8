// Package handover asserts that another process of wsbridge takes over from a running one without a client or a writer of the pipe noticing it,
// and that the running one goes on if the other one cannot.
package handover

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
