// Package observe asserts what an operator sees: the dashboard, the metrics, Prometheus' alerts and the log, and what
// must not be seen there.
package observe

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
