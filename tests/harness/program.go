// Package harness runs the real program, with a real php-fpm, for the packages of tests that attack it or hold it to the RFCs,
// and speaks to it frame by frame.
package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Patience bounds every wait for something that must happen; it is long because the machine may be busy.
const Patience = 60 * time.Second

// program is what is under test.
var program string

// Program is the path of what Main has built.
func Program() string { return program }

// Main builds the program with the race detector, once, and runs the package's tests. It returns the exit status.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "wsbridge-tests-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "wsbridge")
	build := exec.Command("go", "build", "-race", "-o", program, "github.com/wsbridge/wsbridge/cmd/wsbridge")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build wsbridge:", err)
		return 1
	}
	return m.Run()
}

// Eventually waits for a condition that nothing announces.
func Eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(Patience); !ok(); {
		select {
		case <-tick.C:
		case <-timeout:
			tb.Fatalf("did not happen: %s", what)
		}
	}
}
