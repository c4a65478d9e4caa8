// Package office runs one whole application as a site of the legacy server has it. It does nearly everything that
// handlers can do.
package office

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
