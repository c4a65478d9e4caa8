// Package faults asserts what becomes of clients when PHP fails, dies, is away or has too much to do.
package faults

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
