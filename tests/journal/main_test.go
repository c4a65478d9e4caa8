// Package journal asserts what outlives wsbridge's process: documents, close events, rows and global variables.
package journal

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// diary is an application that notes what has run, one line each, in the file "ran".
const diary = `
function note($line) { file_put_contents(__DIR__."/ran",$line."\n",FILE_APPEND|LOCK_EX); }
$told=0;
function ws_server_initialize() { global $told; note("initialize $told"); }
function ws_server_started(&$server,&$sockets,&$connections) { note("started ".count($connections)); }
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { $connection["login"]=substr($cookies,6); return True; }
function ws_server_open(&$connections,&$connection,$client_key) { note("open $client_key ".$connection["login"]); }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $told;
	$told++;
	$connection["said"]=$msg;
	if ($msg=="die") { no_such_function(); }
	send_text($client_key,"$told $msg");
}
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data)
{
	if ($fifo_data=="hang") { note("hangs"); sleep(600); }
	note("document $fifo_data");
	return strlen($fifo_data);
}
function ws_server_before_close(&$connections,&$connection)
{
	note("close ".$connection["login"]." ".(isset($connection["said"])?$connection["said"]:"nothing")." ".$connection["state"]." of ".count($connections));
}
`

// app is diary with a journal in the server's folder. more is further configuration of [journal].
func app(more string) harness.App {
	return harness.App{Handlers: diary, TOML: "[journal]\ndir = \"journal\"\n" + more}
}

// ran returns the lines that begin so.
func ran(s *harness.Server, begin string) (lines []string) {
	for line := range strings.Lines(s.ReadIfThere("ran")) {
		if strings.HasPrefix(line, begin) {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// awaitRan waits until a line has run.
func awaitRan(s *harness.Server, line string) {
	s.T.Helper()
	harness.Eventually(s.T, line, func() bool { return slices.Contains(ran(s, line), line) })
}

// wantRan compares all lines that begin so.
func wantRan(s *harness.Server, begin string, want ...string) {
	s.T.Helper()
	if got := ran(s, begin); !slices.Equal(got, want) {
		s.T.Errorf("%s: got %q, want %q", begin, got, want)
	}
}

// restart kills the server and starts it again.
func restart(s *harness.Server, a harness.App) {
	s.T.Helper()
	s.Kill()
	start(s, a)
}

// start starts the server again, and waits until ws_server_started has run.
func start(s *harness.Server, a harness.App) {
	s.T.Helper()
	before := len(ran(s, "started"))
	s.Run(a)
	harness.Eventually(s.T, "it has started", func() bool { return len(ran(s, "started")) > before })
}

func document(i int) string { return fmt.Sprintf("number %d", i) }

// journalOf returns what is in the server's journal.
func journalOf(s *harness.Server) *api.Journal {
	s.T.Helper()
	j := &api.Journal{}
	if err := s.Order(http.MethodGet, "/v1/journal", "", j); err != nil {
		s.T.Fatal(err)
	}
	return j
}

// awaitSaid waits until a client's row is written with what it has said.
func awaitSaid(s *harness.Server, key int, text string) {
	s.T.Helper()
	harness.Eventually(s.T, "the row has "+text, func() bool {
		_, row := s.Get(fmt.Sprintf("/v1/connections/%d", key))
		return strings.Contains(row, strconv.Quote(text))
	})
	awaitRows(s)
}

// awaitRows waits until the rows of all clients are written.
func awaitRows(s *harness.Server) {
	s.T.Helper()
	harness.Eventually(s.T, "the rows are written", func() bool { return journalOf(s).RowsBehind == 0 })
}
