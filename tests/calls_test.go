package tests

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// calls is a handler file that notes each handler's arguments, and what there is at that time.
const calls = `
function kind($value)
{
	if (is_array($value)) { return isset($value["state"])?"row ".$value["state"]:"array of ".count($value); }
	return gettype($value).(is_scalar($value)?" ".$value:"");
}
function note($name,$args) { file_put_contents(__DIR__."/diary",$name."(".implode(", ",array_map("kind",$args)).")".surroundings()."\n",FILE_APPEND|LOCK_EX); }
function surroundings()
{
	global $included;
	$probe=@stream_socket_client("tcp://".WEBSOCKET_LISTENING_ADDRESS.":".WEBSOCKET_LISTENING_PORT,$error,$text,1);
	return (isset($included)?"":" not included").(file_exists(WEBSOCKET_XHR_PIPE_FILE)?" pipe":"").($probe===False?"":" listening");
}
function ws_server_initialize() { note("initialize",func_get_args()); }
function ws_server_started(&$server,&$sockets,&$connections) { note("started",func_get_args()); }
function ws_server_loop(&$server,&$sockets,&$connections) { if (count($connections)==1 && !file_exists(__DIR__."/looped")) { touch(__DIR__."/looped"); note("loop",func_get_args()); } }
function ws_server_fifo(&$server,&$sockets,&$connections,&$data) { note("fifo",func_get_args()); }
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { note("authenticate",func_get_args()); return True; }
function ws_server_open(&$connections,&$connection,$client_key) { note("open",func_get_args()); }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { note("text",func_get_args()); send_text($client_key,$msg); }
function ws_server_before_close(&$connections,&$connection) { note("before_close",func_get_args()); }
function ws_server_after_close(&$connections) { note("after_close",func_get_args()); }
function ws_server_shutdown(&$server,&$sockets,&$connections) { note("shutdown",func_get_args()); }
function ws_server_finalize() { note("finalize",func_get_args()); }
$included=True;
`

// The handlers that read bytes have tests of their own: with one of them, the probe above would be a client.
func TestHandlersAreCalledAsTheyReallyWere(t *testing.T) {
	t.Parallel()
	a := app{handlers: calls, toml: initializeOnce}
	s := prepare(t, a)
	s.write("server_shared.conf", strings.Replace(s.read("server_shared.conf"), "PORT=0", fmt.Sprint("PORT=", freePort(t)), 1))
	s.run(a)
	c := s.connectAs("login=anna")
	eventually(t, "loop", func() bool { return strings.Contains(s.read("diary"), "\nloop") })
	s.pipe(" \tdocument\r\n ")
	s.diaryHas("fifo(resource, array of 2, array of 1, string document) pipe listening")
	c.ask("hello")
	c.close(1000)
	s.diaryHas("after_close(array of 0) pipe listening") // the close frame was answered before
	s.stop()

	lines := strings.Split(strings.TrimSpace(s.read("diary")), "\n")
	for i, row := range []struct{ sentence, line string }{
		{"initialize once, before the pipe and the listener exist", "initialize()"},
		{"started once, listening", "started(resource, array of 1, array of 0) pipe listening"},
		{"authenticate, the handshake read", "authenticate(row CONNECTING, string login=anna, string tests, string 127.0.0.1) pipe listening"},
		{"open, state OPEN", "open(array of 1, row OPEN, integer 1) pipe listening"},
		{"loop, every turn of the loop", "loop(resource, array of 2, array of 1) pipe listening"},
		{"fifo, trimmed", "fifo(resource, array of 2, array of 1, string document) pipe listening"},
		{"text, a whole message", "text(array of 1, row OPEN, integer 1, string hello) pipe listening"},
		{"before_close, the row still exists", "before_close(array of 1, row OPEN) pipe listening"},
		{"after_close, the row is gone", "after_close(array of 0) pipe listening"},
		{"shutdown, leaving the loop", "shutdown(resource, array of 1, array of 0) pipe"},
		{"finalize, the last thing", "finalize()"},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			if i >= len(lines) || lines[i] != row.line {
				t.Errorf("want %q in line %d of\n%s", row.line, i+1, strings.Join(lines, "\n"))
			}
		})
	}
	if len(lines) != 11 {
		t.Errorf("got %d calls:\n%s", len(lines), strings.Join(lines, "\n"))
	}
}

func TestInitializeRunsInEachRequestByDefault(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: `
function ws_server_initialize() { global $templates; $templates=array("t"=>"filled by initialize"); }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,template_fill("t")); }`})
	if got := s.connect().ask("x"); got != "filled by initialize" {
		t.Errorf("got %q", got)
	}
}

func TestLoopRunsAtLeastEverySelectTimeout(t *testing.T) {
	t.Parallel()
	s := serve(t, app{
		settings: "WEBSOCKET_SELECT_TIMEOUT=50000\n",
		handlers: `
function ws_server_loop(&$server,&$sockets,&$connections) { foreach ($connections as $key => $c) { send_text($key,"turn"); } }`})
	c := s.connect()
	began := time.Now()
	const turns = 20
	for range turns {
		c.want("turn")
	}
	// Ten times what it should be: the machine may be busy.
	if took := time.Since(began); took > turns*500*time.Millisecond {
		t.Errorf("%d turns took %v", turns, took)
	}
}

func TestLoopRunsWhileClientsKeepTalking(t *testing.T) {
	t.Parallel()
	s := serve(t, app{
		settings: "WEBSOCKET_SELECT_TIMEOUT=20000\n",
		handlers: `
function ws_server_loop(&$server,&$sockets,&$connections) { foreach ($connections as $key => $c) { if (isset($c["listens"])) { send_text($key,"turn"); } } }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { if ($msg=="listen") { $connection["listens"]=True; } usleep(1000); }`})
	for range 3 {
		talker := s.connect()
		done := make(chan struct{})
		t.Cleanup(func() { talker.hangUp(); <-done })
		go func() {
			defer close(done)
			for talker.conn.WriteMessage(1, []byte("x")) == nil {
			}
		}()
	}
	c := s.connect()
	c.send("listen")
	for range 5 {
		c.want("turn")
	}
}

func TestOpenRunsWhenThe101WasSent(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: `
function ws_server_open(&$connections,&$connection,$client_key)
{
	while (!file_exists(__DIR__."/go")) { usleep(10000); clearstatcache(); }
	send_text($client_key,"opened");
}`})
	c := s.connect() // returns with the 101; the handler cannot have ended
	s.write("go", "")
	c.want("opened")
}
