// Package office runs one whole application, as sites of the legacy server have it, which does about everything that handlers can do.
package office

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
