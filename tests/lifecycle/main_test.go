// Package lifecycle asserts how the program starts, reloads, drains and ends: by itself, under a service manager, and
// as which user.
package lifecycle

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
