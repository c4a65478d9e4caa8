package phphandlers

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const golden = "../protocol/testdata"

// TestGoldenFiles sends each request-*.txt, which the tests of package protocol write, to testdata/golden.php, and compares the
// answer with answer-*.txt, which those tests decode. The flag -update writes the answers.
func TestGoldenFiles(t *testing.T) {
	source, err := os.ReadFile("testdata/golden.php")
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(t, strings.TrimPrefix(string(source), "<?php\n")).with("HTTP_COOKIE", "login=bert")
	requests, err := filepath.Glob(filepath.Join(golden, "request-*.txt"))
	if err != nil || len(requests) < 5 {
		t.Fatalf("found %q, %v", requests, err)
	}
	for _, name := range requests {
		t.Run(filepath.Base(name), func(t *testing.T) {
			body, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			compareAnswer(t, strings.Replace(name, "request-", "answer-", 1), a.anonymous(a.post(body, nil).body.String()))
		})
	}
}

// anonymous replaces what differs between machines.
func (a *app) anonymous(answer string) string {
	answer = strings.ReplaceAll(answer, a.path("app"), "/app")
	answer = regexp.MustCompile(`"took":\d+\.\d+`).ReplaceAllString(answer, `"took":0.001`)
	return regexp.MustCompile(`"(code|name)":"[0-9a-f]{32}\+?"`).ReplaceAllString(answer, `"$1":"9f"`)
}

func compareAnswer(t *testing.T, name, got string) {
	t.Helper()
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
