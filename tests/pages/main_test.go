// Package pages follows the documentation: the commands of its pages run, and what the pages say is true. The demo's
// page is tested here, too.
package pages

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
