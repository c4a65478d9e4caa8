package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
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
	s := prepare(t, app{})
	s.write("main.go", codeBlock(t, "../docs/contract.md", "go"))
	program, socket := s.path("application"), s.path("fastcgi.sock")
	if out, err := exec.Command("go", "build", "-o", program, s.path("main.go")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	responder := exec.Command(program, socket)
	responder.Stderr = os.Stderr
	if err := responder.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { responder.Process.Kill(); responder.Wait() })
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the application does not listen")
		}
	}
	s.write("wsbridge.toml", fmt.Sprintf("[server]\nlisten = \"127.0.0.1:0\"\n[php]\nend_stdin = true\nfastcgi = %q\nscript = %q\nevents_file = %q\n",
		"unix:"+socket, "/any/script", filepath.Join(s.dir, "any file")))
	s.run(app{toml: "as written"})
	c := s.connect()
	for _, text := range []string{"hello", "grün", strings.Repeat("long ", 30_000)} {
		c.send(text)
		c.want(strings.ToUpper(text))
	}
}
