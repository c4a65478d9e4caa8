package handlers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Parameters by reference or by value, with the client's key or without it.

func TestTextArity(t *testing.T) {
	for name, handler := range map[string]string{
		"documented":             `function ws_server_text(&$connections,&$connection,$msg) { send_text(array_search($connection,$connections),"got ".$msg); }`,
		"as really called":       `function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,"got ".$msg); }`,
		"by value":               `function ws_server_text($connections,$connection,$client_key,$msg) { send_text($client_key,"got ".$msg); }`,
		"with a default":         `function ws_server_text(&$connections,&$connection,$client_key,$msg,$more="") { send_text($client_key,"got ".$msg.$more); }`,
		"taking none but asking": `function ws_server_text() { $a=func_get_args(); send_text($a[2],"got ".$a[3]); }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.Serve(t, harness.App{Handlers: handler})
			if got := s.Connect().Ask("this"); got != "got this" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestReadArity(t *testing.T) {
	for name, row := range map[string]struct{ parameters, data string }{
		"documented":             {"&$connections,&$connection,$data", "$data"},
		"as really called":       {"&$connections,&$connection,$client_key,$data", "$data"},
		"by value":               {"$connections,$connection,$data", "$data"},
		"by value with the key":  {"$connections,$connection,$client_key,$data", "$data"},
		"taking none but asking": {"", "func_get_arg(3)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.Serve(t, harness.App{Handlers: fmt.Sprintf(`
function ws_server_read(%s) { file_put_contents(__DIR__."/read",substr(%s,0,4)."\n",FILE_APPEND); return ""; }`, row.parameters, row.data)})
			s.Connect()
			if got := s.Read("read"); got != "GET \n" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// marking marks the rows in every handler that gets them; "@" becomes "&" or nothing.
const marking = `
function called($name) { file_put_contents(__DIR__."/called",$name."\n",FILE_APPEND); }
function marks($row) { $marks=preg_grep("/^(by|own)_/",array_keys($row)); sort($marks); return implode(" ",$marks); }
function ws_server_initialize() { called("initialize"); }
function ws_server_started(@$server,@$sockets,@$connections) { called("started"); $connections+=array(); }
function ws_server_loop(@$server,@$sockets,@$connections) { called("loop"); foreach ($connections as $k => $c) { $connections[$k]["by_loop"]=1; } }
function ws_server_fifo(@$server,@$sockets,@$connections,@$data) { called("fifo ".$data); $data=""; foreach ($connections as $k => @$c) { $c["by_fifo"]=1; } }
function ws_server_connect(@$connections,@$connection,@$client_key) { called("connect"); $connection["own_connect"]=1; $connections[$client_key]["by_connect"]=1; }
function ws_server_read(@$connections,@$connection,@$client_key,@$data) { called("read"); $connection["own_read"]=1; $connections[$client_key]["by_read"]=1; return ""; }
function ws_server_authenticate(@$connection,@$cookies,@$user_agent,@$remote_address) { called("authenticate"); $connection["own_authenticate"]=1; return True; }
function ws_server_open(@$connections,@$connection,@$client_key) { called("open"); $connection["own_open"]=1; $connections[$client_key]["by_open"]=1; }
function ws_server_text(@$connections,@$connection,@$client_key,@$msg) { send_text($client_key,marks($connection)); $connection["own_text"]=1; $connections[$client_key]["by_text"]=1; }
function ws_server_binary(@$connections,@$connection,@$client_key,@$data) { send_text($client_key,"binary"); $connection["own_binary"]=1; $connections[$client_key]["by_binary"]=1; }
function ws_server_before_close(@$connections,@$connection) { called("before_close"); $connection["own_before_close"]=1; foreach ($connections as $k => $c) { $connections[$k]["by_before_close"]=1; } }
function ws_server_after_close(@$connections) { called("after_close"); foreach ($connections as $k => $c) { $connections[$k]["by_after_close"]=1; } }
function ws_server_shutdown(@$server,@$sockets,@$connections) { called("shutdown ".count($connections)); }
function ws_server_finalize() { called("finalize"); }
`

func TestParametersByReferenceAndByValue(t *testing.T) {
	const everything = "by_after_close by_before_close by_binary by_connect by_fifo by_loop by_open by_read by_text " +
		"own_authenticate own_binary own_connect own_open own_read own_text"
	for name, row := range map[string]struct{ ampersand, marks string }{
		"by reference a write lasts": {"&", everything},
		"by value it does not":       {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.Serve(t, harness.App{Handlers: strings.ReplaceAll(marking, "@", row.ampersand), TOML: harness.InitializeOnce})
			a, b := s.Connect(), s.Connect()
			a.Ask("a first text")
			if err := a.Conn.WriteMessage(2, []byte("x")); err != nil {
				t.Fatal(err)
			}
			a.Want("binary")
			s.WritePipe("hello")
			harness.Eventually(t, "fifo", func() bool { return strings.Contains(s.Read("called"), "fifo hello\n") })
			b.Leave()
			loops := strings.Count(s.Read("called"), "loop\n")
			harness.Eventually(t, "loop", func() bool { return strings.Count(s.Read("called"), "loop\n") > loops })
			if got := a.Ask("marks"); got != row.marks {
				t.Errorf("got %s, want %s", got, row.marks)
			}
			s.Stop(a)
			called := s.Read("called")
			for _, handler := range []string{"initialize", "started", "connect", "read", "authenticate", "open", "before_close", "after_close", "shutdown 0", "finalize"} {
				if !strings.Contains(called, handler+"\n") {
					t.Errorf("%s was not called", handler)
				}
			}
			if n := s.Log.Count("", `"level":"WARN"`); n != 0 {
				t.Errorf("%d warnings", n)
			}
		})
	}
}
