package handover

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// A tail goes on with the process that has taken over, and says so.
func TestTailGoesOn(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	c := s.Connect()
	cmd := harness.Command(t, 2*harness.Patience, harness.Program(), "tail", "--control", s.ControlSocket(), "--event", "text", "--payloads")
	var out, said harness.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for _, round := range []string{"first", "second", "third"} {
		harness.Eventually(t, "the tail has the "+round+" process's events", func() bool {
			c.Ask(round)
			return strings.Contains(out.String(), round)
		})
		if round != "third" {
			upgrade(s)
		}
	}
	if n := strings.Count(said.String(), "another process of the server has taken over"); n != 2 {
		t.Errorf("%d upgrades were told: %q", n, said.String())
	}
}

// taken is an application that notes which documents have run. The web application's half of the test brings documents until the file "stop" is there.
const taken = `
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data) { file_put_contents(__DIR__."/ran",$fifo_data."\n",FILE_APPEND|LOCK_EX); return $fifo_data; }
`

const brings = `<?php
require __DIR__."/WsbridgeControl.php";
$control=new WsbridgeControl($argv[1],"",60);
for ($n=0;!file_exists(__DIR__."/stop");$n++) { if ($control->fifo("web $n",60)!=="web $n") { exit(1); } clearstatcache(); }
echo "$n documents";
`

// Those who wait for what becomes of a document get their answer, from whichever process runs it, and it runs once.
func TestDocumentsAreAnswered(t *testing.T) {
	t.Parallel()
	for name, toml := range map[string]string{"with a journal": "[journal]\ndir = \"journal\"\n", "without": "[journal]\ndir = \"\"\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.Serve(t, harness.App{Handlers: taken, TOML: toml})
			stop := make(chan struct{})
			var work sync.WaitGroup
			const callers = 4
			var brought [callers]int
			for i := range callers {
				control := harness.NewOperator(t, s.ControlSocket(), "")
				work.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						if _, err := control.Fifo(t.Context(), fmt.Appendf(nil, "%d %d", i, brought[i]), harness.Patience); err != nil {
							t.Errorf("document %d of caller %d: %v", brought[i], i, err)
							return
						}
						brought[i]++
					}
				})
			}
			web := startWeb(s)
			for range 4 {
				n := len(s.ReadIfThere("ran"))
				harness.Eventually(t, "documents run", func() bool { return len(s.ReadIfThere("ran")) > n+100 })
				upgrade(s)
			}
			close(stop)
			work.Wait()
			var documents int
			if _, err := fmt.Sscanf(web(), "%d documents", &documents); err != nil {
				t.Error(err)
			}
			times := map[string]int{}
			for line := range strings.Lines(s.Read("ran")) {
				times[strings.TrimSpace(line)]++
			}
			for i, n := range brought {
				wantOnce(t, times, fmt.Sprint(i), n)
			}
			wantOnce(t, times, "web", documents)
		})
	}
}

// startWeb brings documents from PHP. The function that it returns ends that, and returns what PHP wrote.
func startWeb(s *harness.Server) (end func() string) {
	s.T.Helper()
	class, err := os.ReadFile("../../php-handlers/WsbridgeControl.php")
	if err != nil {
		s.T.Fatal(err)
	}
	s.Write("WsbridgeControl.php", string(class))
	s.Write("brings.php", brings)
	cmd := harness.Command(s.T, 4*harness.Patience, "php", s.Path("brings.php"), s.ControlSocket())
	var out harness.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
	return func() string {
		s.Write("stop", "")
		if err := cmd.Wait(); err != nil {
			s.T.Errorf("PHP has ended with %v: %s", err, out.String())
		}
		return out.String()
	}
}

func wantOnce(t *testing.T, times map[string]int, caller string, n int) {
	t.Helper()
	for i := range n {
		if ran := times[fmt.Sprintf("%s %d", caller, i)]; ran != 1 {
			t.Errorf("document %d of %s has run %d times", i, caller, ran)
		}
	}
}
