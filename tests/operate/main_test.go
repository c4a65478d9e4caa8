// Package operate asserts what an operator does: the control API, the commands, and the web side's half of the API in
// PHP.
package operate

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
