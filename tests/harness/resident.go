package harness

import (
	"fmt"
	"os"
	"regexp"
)

// ResidentMode names the environment variable with the value of php.resident for every program that a Server runs, unless its test sets
// that key. With "off" each event is a request of its own; make test runs the tests of what applications see once more so.
const ResidentMode = "WSBRIDGE_TEST_RESIDENT"

func residentMode() string { return os.Getenv(ResidentMode) }

// Residents reports whether a program whose test does not set php.resident runs events in resident workers. It is for tests of the
// processes themselves.
func Residents() bool { return residentMode() != "off" }

var (
	setsResident = regexp.MustCompile(`(?m)^(php\.)?resident\s*=`)
	phpTable     = regexp.MustCompile(`(?m)^\[php\].*\n`)
)

// inMode returns toml after an empty line, with php.resident as the environment has it. The key goes into that line, so that those below
// keep their numbers, or into the table [php] if there is one, since TOML allows no such table next to dotted keys.
func inMode(toml string) string {
	mode := residentMode()
	if mode == "" || setsResident.MatchString(toml) {
		return "\n" + toml
	}
	key := fmt.Sprintf("resident = %q\n", mode)
	if table := phpTable.FindStringIndex(toml); table != nil {
		return "\n" + toml[:table[1]] + key + toml[table[1]:]
	}
	return "php." + key + toml
}
