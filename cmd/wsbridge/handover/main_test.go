package handover

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// asChild names the environment variable that lets the test's program be the new process.
const asChild = "WSBRIDGE_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}
