package pages

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// codeBlock returns the only block of a page in that language.
func codeBlock(t *testing.T, page, language string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllSubmatch(text, -1)
	if len(blocks) != 1 {
		t.Fatalf("%s has %d blocks of %s", page, len(blocks), language)
	}
	return string(blocks[0][1])
}

// The page's application answers in php-fpm's place.
func TestContractPageHoldsAWholeApplication(t *testing.T) {
	t.Parallel()
	s := harness.Prepare(t, harness.App{})
	s.Write("main.go", codeBlock(t, "../../docs/contract.md", "go"))
	program, socket := s.Path("application"), s.Path("fastcgi.sock")
	if out, err := exec.Command("go", "build", "-o", program, s.Path("main.go")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	responder := exec.Command(program, socket)
	responder.Stderr = os.Stderr
	if err := responder.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { responder.Process.Kill(); responder.Wait() })
	for deadline := time.Now().Add(harness.Patience); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the application does not listen")
		}
	}
	s.Write("wsbridge.toml", fmt.Sprintf("[server]\nlisten = \"127.0.0.1:0\"\n[php]\nend_stdin = true\nfastcgi = %q\nscript = %q\nevents_file = %q\n",
		"unix:"+socket, "/any/script", filepath.Join(s.Dir, "any file")))
	s.Run(harness.App{TOML: "as written"})
	c := s.Connect()
	for _, text := range []string{"hello", "grün", strings.Repeat("long ", 30_000)} {
		c.Send(text)
		c.Want(strings.ToUpper(text))
	}
}
