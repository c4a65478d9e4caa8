// Package pages follows the documentation: the commands of its pages run, and what the pages say is so. The demo is a page, too.
package pages

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
