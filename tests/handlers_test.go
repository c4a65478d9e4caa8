package tests

import (
	"strings"
	"testing"
)

// Handlers, as really called.

// diary is a handler file that notes each call with its arguments in the file "diary".
const diary = `
function note($what) { file_put_contents(__DIR__."/diary",$what."\n",FILE_APPEND|LOCK_EX); }
function keys($connections) { return implode(",",array_keys($connections)); }
function ws_server_initialize() { note("initialize pipe=".(file_exists(WEBSOCKET_XHR_PIPE_FILE)?"yes":"no")); }
function ws_server_started(&$server,&$sockets,&$connections) { note("started pipe=".(file_exists(WEBSOCKET_XHR_PIPE_FILE)?"yes":"no")." ".count($connections)); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data) { note("fifo ".$fifo_data." ".keys($connections)); }
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	note("authenticate ".$connection["state"]." ".$cookies." ".$user_agent." ".$remote_address);
	$connection["login"]=substr($cookies,6);
	return $connection["login"]<>"evil";
}
function ws_server_open(&$connections,&$connection,$client_key) { note("open ".$client_key." ".$connection["state"]." ".$connection["login"]); send_text($client_key,"welcome"); }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { note("text ".$client_key." ".$msg); send_text($client_key,"got ".$msg); }
function ws_server_before_close(&$connections,&$connection) { note("before_close ".$connection["login"]." ".$connection["state"]." ".keys($connections)); }
function ws_server_after_close(&$connections) { note("after_close ".keys($connections)); }
function ws_server_shutdown(&$server,&$sockets,&$connections) { note("shutdown ".keys($connections)); }
function ws_server_finalize() { note("finalize pipe=".(file_exists(WEBSOCKET_XHR_PIPE_FILE)?"yes":"no")); }
`

// once: the diary's initialize would otherwise be noted by each request.
const initializeOnce = "[php]\ninitialize = \"once\"\n"

func (s *server) wantDiary(lines ...string) {
	s.t.Helper()
	want := strings.Join(lines, "\n") + "\n"
	if got := s.read("diary"); got != want {
		s.t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// diaryHas waits for a line.
func (s *server) diaryHas(line string) {
	s.t.Helper()
	eventually(s.t, line, func() bool { return strings.Contains(s.read("diary"), line+"\n") })
}

func TestLifeOfAServer(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: diary, toml: initializeOnce})
	c := s.connectAs("login=anna")
	c.want("welcome")
	c.send("hi")
	c.want("got hi")
	s.pipe(`{"to":"all"}`)
	s.diaryHas(`fifo {"to":"all"} 1`)
	if got := s.refused(headers("login=evil")); got.StatusCode != 403 {
		t.Errorf("refused with %s", got.Status)
	}
	s.diaryHas("after_close 1")
	d := s.connectAs("login=bert")
	d.want("welcome")
	d.hangUp()
	s.diaryHas("before_close bert REMOTE TERMINATED 1,3")
	e := s.connectAs("login=carl")
	e.want("welcome")
	if code := e.close(1000); code != 1000 {
		t.Errorf("close was answered with %d", code)
	}
	s.diaryHas("before_close carl OPEN 1,4")
	if status := s.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if code, reason := c.closed(); code != 1001 || reason != "server shutting down" {
		t.Errorf("closed with %d %q", code, reason)
	}
	s.wantDiary(
		"initialize pipe=no", "started pipe=yes 0",
		"authenticate CONNECTING login=anna tests 127.0.0.1", "open 1 OPEN anna", "text 1 hi", `fifo {"to":"all"} 1`,
		"authenticate CONNECTING login=evil tests 127.0.0.1", "before_close evil CONNECTING 1,2", "after_close 1",
		"authenticate CONNECTING login=bert tests 127.0.0.1", "open 3 OPEN bert",
		"before_close bert REMOTE TERMINATED 1,3", "after_close 1",
		"authenticate CONNECTING login=carl tests 127.0.0.1", "open 4 OPEN carl", "before_close carl OPEN 1,4", "after_close 1",
		"before_close anna OPEN 1", "after_close ", "shutdown ", "finalize pipe=no",
	)
}
