// Package state asserts what lives from event to event: the rows of $connections, global variables and sessions. Events
// run side by side only where no handler can notice it.
package state

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
