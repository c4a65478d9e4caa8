package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTokenFiles(t *testing.T) {
	for name, row := range map[string]struct {
		text string
		mode os.FileMode
		part string // of the error; empty: there is none
	}{
		"good":                  {"0123456789abcdef\n", 0o640, ""},
		"short":                 {"0123456789abcde\n", 0o600, "16 to 4096"},
		"empty":                 {"", 0o600, "16 to 4096"},
		"with a space":          {"0123456789 abcdef", 0o600, "without spaces"},
		"not ascii":             {"0123456789abcdefä", 0o600, "printable"},
		"huge":                  {strings.Repeat("x", 5000), 0o600, "4096"},
		"readable by everybody": {"0123456789abcdef", 0o604, "chmod o="},
	} {
		path := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(path, []byte(row.text), row.mode); err != nil {
			t.Fatal(err)
		}
		token, err := ReadToken(path)
		switch {
		case row.part == "" && (err != nil || token != strings.TrimSpace(row.text)):
			t.Errorf("%s: got %q, %v", name, token, err)
		case row.part != "" && (err == nil || !strings.Contains(err.Error(), row.part)):
			t.Errorf("%s: got %q, %v", name, token, err)
		}
	}
	if _, err := ReadToken(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error without a file")
	}
}
