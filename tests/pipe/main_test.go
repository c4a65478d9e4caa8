// Package pipe asserts what goes through the named pipe, and the web side's half of it in PHP.
package pipe

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
