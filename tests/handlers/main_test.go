// Package handlers asserts what an application's handlers are called with, what they may call, and which process they
// believe to run in.
package handlers

import (
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
