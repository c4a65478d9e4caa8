package journal

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// After a crash the clients that were open get their close events, with the rows that they had after ws_server_open, before new clients come.
func TestClientsAreClosedAfterACrash(t *testing.T) {
	t.Parallel()
	a := app("")
	s := harness.Serve(t, a)
	s.ConnectAs("login=anna").Ask("hello")
	left := s.ConnectAs("login=left")
	left.Ask("bye")
	left.HangUp()
	awaitRan(s, "close left bye REMOTE TERMINATED of 2")
	s.ConnectAs("login=bert")
	awaitRan(s, "open 3 bert")
	awaitSaid(s, 3, "bert")
	restart(s, a)
	wantRan(s, "close", "close left bye REMOTE TERMINATED of 2", "close anna nothing REMOTE TERMINATED of 2", "close bert nothing REMOTE TERMINATED of 1")
	wantRan(s, "started", "started 0", "started 0")
	if c := s.Log.Wait("close events have run"); c["clients"] != 2.0 {
		t.Errorf("got %v", c)
	}
	s.Connect()
	awaitRan(s, "open 4 anna") // keys go on
	if n := harness.Metric(t, s.Metrics(), `wsbridge_clients_ended_total{ending="crash"}`); n != 2 {
		t.Errorf("%v clients ended by the crash", n)
	}
}

// With journal.rows, close handlers see what the last event left, and global variables live on.
func TestRowsAndGlobalsOutliveACrash(t *testing.T) {
	t.Parallel()
	a := app("rows = true\n")
	s := harness.Serve(t, a)
	c := s.ConnectAs("login=anna")
	for _, text := range []string{"one", "two", "three"} {
		c.Ask(text)
	}
	awaitSaid(s, 1, "three")
	restart(s, a)
	wantRan(s, "close", "close anna three REMOTE TERMINATED of 1")
	if got := s.Connect().Ask("four"); got != "4 four" {
		t.Errorf("got %q", got)
	}
}

// A stop leaves nothing to the next start, whose keys and global variables begin anew.
func TestAStopLeavesNothing(t *testing.T) {
	t.Parallel()
	a := app("rows = true\n")
	s := harness.Serve(t, a)
	c := s.ConnectAs("login=anna")
	c.Ask("hello")
	if status := s.Stop(c); status != 0 {
		t.Fatalf("exit status %d", status)
	}
	start(s, a)
	wantRan(s, "close", "close anna hello OPEN of 1")
	if got := s.Connect().Ask("four"); got != "1 four" {
		t.Errorf("got %q", got)
	}
	awaitRan(s, "open 1 anna")
}

// What was accepted and had not begun runs after a crash, in order and once; what had begun is reported.
func TestDocumentsOutliveACrash(t *testing.T) {
	t.Parallel()
	a := app("")
	s := harness.Serve(t, a)
	s.WritePipe("before")
	awaitRan(s, "document before")
	s.WritePipe("hang")
	awaitRan(s, "hangs")
	accept(s, document(1))
	s.WritePipe(document(2))
	harness.Eventually(t, "the documents are in the journal", func() bool { return journalOf(s).Documents == 2 })
	restart(s, a)
	awaitRan(s, "document "+document(2))
	wantRan(s, "document", "document before", "document "+document(1), "document "+document(2))
	wantRan(s, "hangs", "hangs")
	if line := s.Log.Wait("a document had begun when wsbridge ended, and is not run again"); line["source"] != "pipe" {
		t.Errorf("got %v", line)
	}
	harness.Eventually(t, "nothing waits", func() bool { j := journalOf(s); return j.Documents == 0 && j.Begun == 0 })
}

// accept brings a document to the server by the control API, which acknowledges that it will run.
func accept(s *harness.Server, document string) {
	s.T.Helper()
	var answer struct{ Accepted bool }
	if err := s.Order(http.MethodPost, "/v1/fifo?wait=0", document, &answer); err != nil || !answer.Accepted {
		s.T.Fatalf("got %+v %v", answer, err)
	}
}

// A document whose caller was told that it will not run does not run after a crash either.
func TestADocumentThatWasTakenBackDoesNotRun(t *testing.T) {
	t.Parallel()
	a := app("")
	s := harness.Serve(t, a)
	s.WritePipe("hang")
	awaitRan(s, "hangs")
	if err := s.Order(http.MethodPost, "/v1/fifo?timeout=100ms", "too late", nil); err == nil || !strings.Contains(err.Error(), "will not run") {
		t.Fatalf("got %v", err)
	}
	accept(s, "in time")
	restart(s, a)
	awaitRan(s, "document in time")
	wantRan(s, "document", "document in time")
}

// Messages of clients write nothing to the journal, as nobody waits for that.
func TestMessagesWriteNothing(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, app(""))
	c := s.ConnectAs("login=anna")
	awaitRan(s, "open 1 anna")
	c.Ask("one")
	awaitRows(s)
	before := written(s)
	for i := range 200 {
		c.Ask(strconv.Itoa(i))
	}
	if after := written(s); after != before {
		t.Errorf("200 messages have written %d bytes", after-before)
	}
}

// written returns how many bytes the log of the journal has.
func written(s *harness.Server) (size int64) {
	s.T.Helper()
	logs, err := filepath.Glob(s.Path("journal/store/*.log"))
	if err != nil || len(logs) == 0 {
		s.T.Fatal("the journal has no log: ", err)
	}
	for _, path := range logs {
		info, err := os.Stat(path)
		if err != nil {
			s.T.Fatal(err)
		}
		size += info.Size()
	}
	return size
}
