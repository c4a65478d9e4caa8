package pages

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// A server that cannot start writes what the page about troubleshooting says.
func TestServerThatDoesNotStartSaysWhatThePageSays(t *testing.T) {
	t.Parallel()
	page := readFile(t, docs+"/troubleshooting.md")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	listen, php := "[server]\nlisten = \"127.0.0.1:0\"\n", "[php]\nevents_file = \"DIR/good.php\"\n"
	for says, config := range map[string]string{
		"php.events_file is missing or empty": listen,
		"unknown key":                         "[server]\nlisden = \"127.0.0.1:0\"\n" + php,
		"address already in use":              fmt.Sprintf("[server]\nlisten = %q\n", taken.Addr()) + php,
		"path is not a named pipe":            listen + php + "[pipe]\npath = \"DIR/file\"\n",
		"describe application: ":              listen + "[php]\nevents_file = \"DIR/bad.php\"\n",
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			s := harness.Prepare(t, harness.App{})
			s.Write("good.php", "<?php\nfunction ws_server_authenticate(&$row,$cookies,$agent,$address) { return True; }\n")
			s.Write("bad.php", "<?php\nfunction (\n")
			s.Write("file", "not a pipe")
			s.Write("wsbridge.toml", strings.ReplaceAll(config+"[control]\nlisten = \"\"\n", "DIR", s.Dir))
			out, status := harness.Finish(s.T, exec.CommandContext(t.Context(), harness.Program(), "serve", "--config", s.Path("wsbridge.toml")))
			if status == 0 || !strings.Contains(out, says) {
				t.Errorf("exit status %d: %s", status, out)
			}
			if !strings.Contains(page, "| `"+says) {
				t.Errorf("the page does not have %q", says)
			}
		})
	}
}
