// Package acme asserts that the server has certificates issued by itself. The authority is Pebble, which asks a name server of its
// own where the names are.
package acme

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) {
	status := harness.Main(m)
	os.RemoveAll(toolFolder)
	os.Exit(status)
}

// toolFolder is where pebble is built.
var toolFolder = filepath.Join(os.TempDir(), fmt.Sprintf("wsbridge-pebble-%d", os.Getpid()))
