package attacks

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// TestPipeWritersThatDieInMidDocument kills processes that wrote part of a document. That part must neither become a
// document nor spoil the next one.
func TestPipeWritersThatDieInMidDocument(t *testing.T) {
	s := serve(t, `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data) { broadcast_to_all("document ".$fifo_data); }
`, "")
	survives(t, s, func(t *testing.T) {
		p := s.In(t).Peer()
		for i, half := range []string{
			`{`, `{"text"`, `{"text":"half a str`, `{"text":"half an escape \`, `{"text":"half an escape \u00`, `{"text":[1,2`, `[[[[[[[[`,
			`{"text":"` + strings.Repeat("x", 3000), `{"text":"` + strings.Repeat("x", 300_000), "{\"text\":\"half a character \xc3", "{\"text\":\x00",
		} {
			dieWriting(t, s, half)
			skipped := i + 1
			harness.Eventually(t, fmt.Sprintf("%.30q is skipped", half), func() bool {
				return strings.Count(s.Log.Text(), "data in the pipe was skipped") >= skipped
			})
			whole := fmt.Sprintf(`{"after":%d}`, i)
			writePipe(t, s, whole)
			p.Want(text("document " + whole))
		}
		p.Bye()
	})
}

// TestPipeWritersThatDieBesideOthers has no pause between what killed writers leave and what others write, so that the
// two cannot be told apart. Documents that come when all is quiet again must arrive.
func TestPipeWritersThatDieBesideOthers(t *testing.T) {
	s := serve(t, `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data)
{
	$d=json_decode($fifo_data,True);
	if (!is_array($d) || !isset($d["whole"]) || count($d)!=1) { broadcast_to_all("not a document of ours: ".$fifo_data); }
	if (isset($d["whole"]) && $d["whole"]==="last") { broadcast_to_all("last"); }
}
`, "")
	survives(t, s, func(t *testing.T) {
		p := s.In(t).Peer()
		for n := range 30 {
			dieWriting(t, s, `{"half":"`+strings.Repeat("y", n*50))
			writePipe(t, s, fmt.Sprintf(`{"whole":%d}`, n))
		}
		harness.Eventually(t, "what is broken is skipped", func() bool { return strings.Contains(s.Log.Text(), "data in the pipe was skipped") })
		writePipe(t, s, "\n"+`{"whole":"last"}`)
		p.Want(text("last"))
		p.Bye()
	})
}

// dieWriting runs a process that writes to the pipe and is killed then.
func dieWriting(t *testing.T, s *server, half string) {
	t.Helper()
	writer := exec.Command("sh", "-c", `cat >"$1"; kill -KILL $$`, "sh", s.Path(harness.Pipe))
	writer.Stdin = strings.NewReader(half)
	err := writer.Run()
	if status, ok := writer.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
		t.Fatalf("the writer was not killed: %v", err)
	}
}

// writePipe writes a document as the web application does: open, write, close.
func writePipe(t *testing.T, s *server, document string) {
	t.Helper()
	f, err := os.OpenFile(s.Path(harness.Pipe), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(document); err != nil {
		t.Fatal(err)
	}
}
