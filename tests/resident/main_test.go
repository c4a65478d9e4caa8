// Package resident asserts what becomes of clients and their events when resident workers fail, are replaced or cannot be had.
package resident

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
