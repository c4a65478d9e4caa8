// Package process asserts that handlers find what they have left: in static variables, objects, handles and settings of the
// process, as in the one process that they were written for. A server in one PHP process says what is right, see
// tests/harness/selectloop.
//
//	go test ./tests/process -record   # writes testdata/transcript.txt anew
package process

import (
	"flag"
	"os"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

var record = flag.Bool("record", false, "write the transcript anew from the server in one process")

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
