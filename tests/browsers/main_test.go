// Package browsers runs wsbridge.js, the client for browsers, in Chromium and Firefox.
package browsers

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
