package handlers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// calls notes each handler's arguments, and whether the pipe and the listener exist at that time.
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

// The handlers that read bytes have tests of their own, since the probe above would count as a client.
func TestHandlersAreCalledAsTheyReallyWere(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: calls, TOML: harness.InitializeOnce}
	s := harness.Prepare(t, a)
	s.Write("server_shared.conf", strings.Replace(s.Read("server_shared.conf"), "PORT=0", fmt.Sprint("PORT=", harness.FreePort(t)), 1))
	s.Run(a)
	c := s.ConnectAs("login=anna")
	harness.Eventually(t, "loop", func() bool { return strings.Contains(s.Read("diary"), "\nloop") })
	s.WritePipe(" \tdocument\r\n ")
	diaryHas(s, "fifo(resource, array of 2, array of 1, string document) pipe listening")
	c.Ask("hello")
	c.Close(1000)
	diaryHas(s, "after_close(array of 0) pipe listening") // the close frame was answered before
	s.Stop()

	lines := strings.Split(strings.TrimSpace(s.Read("diary")), "\n")
	for i, row := range []struct{ sentence, line string }{
		{"initialize once, before all others; the original listened later", "initialize() pipe listening"},
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
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_initialize() { global $templates; $templates=array("t"=>"filled by initialize"); }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,template_fill("t")); }`})
	if got := s.Connect().Ask("x"); got != "filled by initialize" {
		t.Errorf("got %q", got)
	}
}

func TestLoopRunsAtLeastEverySelectTimeout(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{
		Settings: "WEBSOCKET_SELECT_TIMEOUT=50000\n",
		Handlers: `
function ws_server_loop(&$server,&$sockets,&$connections) { foreach ($connections as $key => $c) { send_text($key,"turn"); } }`})
	c := s.Connect()
	began := time.Now()
	const turns = 20
	for range turns {
		c.Want("turn")
	}
	// Forty times what it should be: the machine may be slow and busy.
	if took := time.Since(began); took > turns*2*time.Second {
		t.Errorf("%d turns took %v", turns, took)
	}
}

func TestFunctionsThatOnlyLookLikeHandlersAreLogged(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo + "function ws_server_close($connections,$connection) {}\n"})
	s.Log.Wait("", "ws_server_close() is never called", "ws_server_before_close() or ws_server_after_close()", "push_server_events.php")
	c := s.Connect()
	s.Write("push_server_events.php", "<?php\nfunction ws_server_authenticate($a) { return True; }\nfunction ws_server_text($client_key,$msg) { send_text(1,\"new\"); }\n")
	harness.Eventually(t, "the new code runs", func() bool { return c.Ask("x") == "new" })
	s.Log.Wait("", "ws_server_text() does not get its data: it has 2 parameters", "push_server_events.php")
}

// A turn in a resident worker costs next to nothing; one that is a request does.
func TestLoopRestsWithoutClientsWhereATurnIsARequest(t *testing.T) {
	t.Parallel()
	serve := func(toml string) (s *harness.Server, turns func() int) {
		s = harness.Serve(t, harness.App{TOML: toml, Settings: "WEBSOCKET_SELECT_TIMEOUT=20000\n", Handlers: `
function note($what) { file_put_contents(__DIR__."/diary",$what."\n",FILE_APPEND); }
function ws_server_loop(&$server,&$sockets,&$connections) { note("turn with ".count($connections)); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data) { note("fifo"); }`})
		return s, func() int { return strings.Count(s.ReadIfThere("diary"), "turn with 0\n") }
	}
	const isRequest = "php.resident = \"off\"\n"
	resting, rests := serve(isRequest)
	_, stays := serve(isRequest + "loop.without_clients = \"on\"\n")
	_, cheap := serve("php.resident = \"on\"\n")
	long := func(turns func() int) { // as good as a clock
		until := turns() + 20
		harness.Eventually(t, "a loop turns without clients", func() bool { return turns() >= until })
	}
	seen := 0
	quiet := func(what string) {
		harness.Eventually(t, "a turn after "+what, func() bool { return rests() > seen })
		long(stays)
		long(cheap)
		got := rests()
		if got > seen+2 { // the second, if the first one finds that PHP has become certain of the code: it then runs again
			t.Errorf("%d turns without clients after %s", got-seen, what)
		}
		long(stays)
		long(cheap)
		if seen = rests(); seen != got {
			t.Errorf("turns without clients long after %s", what)
		}
	}
	quiet("the start")
	c := resting.Connect()
	harness.Eventually(t, "turns with a client", func() bool { return strings.Count(resting.ReadIfThere("diary"), "turn with 1\n") > 5 })
	c.Leave()
	quiet("the last client has left")
	resting.WritePipe("x")
	quiet("a document")
}

func TestLoopRunsWhileClientsKeepTalking(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{
		Settings: "WEBSOCKET_SELECT_TIMEOUT=20000\n",
		Handlers: `
function ws_server_loop(&$server,&$sockets,&$connections) { foreach ($connections as $key => $c) { if (isset($c["listens"])) { send_text($key,"turn"); } } }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { if ($msg=="listen") { $connection["listens"]=True; } usleep(1000); }`})
	for range 3 {
		talker := s.Connect()
		done := make(chan struct{})
		t.Cleanup(func() { talker.HangUp(); <-done })
		go func() {
			defer close(done)
			for talker.Conn.WriteMessage(1, []byte("x")) == nil {
			}
		}()
	}
	c := s.Connect()
	c.Send("listen")
	for range 5 {
		c.Want("turn")
	}
}

func TestOpenRunsWhenThe101WasSent(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_open(&$connections,&$connection,$client_key)
{
	while (!file_exists(__DIR__."/go")) { usleep(10000); clearstatcache(); }
	send_text($client_key,"opened");
}`})
	c := s.Connect() // returns with the 101; the handler cannot have ended
	s.Write("go", "")
	c.Want("opened")
}
