package handlers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// close_client.

func TestCloseClientRunsBothHandlersBeforeItReturns(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval + `
function ws_server_before_close(&$connections,&$connection) { if ($connection["state"]=="OPEN") { send_text(array_search($connection,$connections),"bye"); } send_text(1,"before ".count($connections)); }
function ws_server_after_close(&$connections) { send_text(1,"after ".count($connections)); }`})
	a, b, c := s.Connect(), s.Connect(), s.Connect()
	a.Send(`close_client(2,4001,"because"); return isset($connections[2])?"there":"gone";`)
	for _, want := range []string{"before 3", "after 2", "gone"} {
		a.Want(want)
	}
	b.Want("bye")
	if code, reason := b.Closed(); code != 4001 || reason != "because" {
		t.Errorf("closed with %d %q", code, reason)
	}
	a.Send(`close_client(3); return "dropped";`)
	for _, want := range []string{"before 2", "after 1", "dropped"} {
		a.Want(want)
	}
	c.Want("bye")
	if code, _ := c.Closed(); code != 0 {
		t.Errorf("closed with %d, want no close frame", code)
	}
	a.Send(`close_client(77); close_client(1,1000); $connection["ghost"]=1;`)
	a.Want("bye")
	a.Want("before 1")
	if code, _ := a.Closed(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	d := s.Connect()
	d.Send(`return array_keys($connections);`)
	d.Want("[4]")
}

func TestCloseClientSendsOnlyWhatACloseFrameMayCarry(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	long := strings.Repeat("ä", 100)
	for _, row := range []struct {
		call   string
		code   int
		reason string
	}{
		{`close_client($client_key,1008,"` + long + `");`, 1008, long[:122]},
		{`close_client($client_key,1006,"not to be sent");`, 1011, "not to be sent"},
		{`close_client($client_key,1000,"\xff");`, 1000, "\uFFFD"},
	} {
		c := s.Connect()
		c.Send(row.call)
		if code, reason := c.Closed(); code != row.code || reason != row.reason {
			t.Errorf("%s: got %d %q", row.call, code, reason)
		}
	}
}

func TestCloseClientInsideTheCloseHandlers(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval + `
function ws_server_before_close(&$connections,&$connection)
{
	send_text(1,"before ".implode(",",array_keys($connections)));
	if (isset($connection["partner"])) { close_client($connection["partner"],4002); }
	close_client(array_search($connection,$connections),4000); # it is being closed
}
function ws_server_after_close(&$connections) { send_text(1,"after ".implode(",",array_keys($connections))); }`})
	a, b, c := s.Connect(), s.Connect(), s.Connect()
	a.Send(`$connections[2]["partner"]=3; close_client(2,4001); return array_keys($connections);`)
	harness.WantAll([]*harness.Client{a}, "before 1,2,3", "before 1,2,3", "after 1,2", "after 1", "[1]")
	for c, want := range map[*harness.Client]int{b: 4001, c: 4002} {
		if code, _ := c.Closed(); code != want {
			t.Errorf("closed with %d, want %d", code, want)
		}
	}
}

func TestCloseClientOfAClientInAnyHandler(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Settings: "WEBSOCKET_SELECT_TIMEOUT=20000\n", Handlers: `
function leaves($name,$key) { broadcast_to_all($name." closes ".$key); close_client($key,4000,$name); }
function find(&$connections,$name) { foreach ($connections as $k => $c) { if (isset($c["login"]) && $c["login"]==$name && $c["state"]=="OPEN") { return $k; } } return 0; }
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { $connection["login"]=substr($cookies,6); return True; }
function ws_server_open(&$connections,&$connection,$client_key) { if ($connection["login"]=="open") { leaves("open",$client_key); } }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { if ($msg=="text") { leaves("text",find($connections,"text")); } if ($msg=="loop") { $connection["loop"]=True; } }
function ws_server_binary(&$connections,&$connection,$client_key,$data) { leaves("binary",$client_key); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$data) { leaves("fifo",find($connections,"fifo")); }
function ws_server_loop(&$server,&$sockets,&$connections) { foreach ($connections as $k => $c) { if (isset($c["loop"])) { leaves("loop",find($connections,"loop")); } } }
function ws_server_after_close(&$connections) { foreach ($connections as $k => $c) { unset($connections[$k]["loop"]); } }`})
	watcher := s.ConnectAs("login=watcher")
	for i, name := range []string{"open", "text", "binary", "fifo", "loop"} {
		c := s.ConnectAs("login=" + name)
		switch name {
		case "text", "loop":
			watcher.Send(name)
		case "binary":
			if err := c.Conn.WriteMessage(2, []byte("x")); err != nil {
				t.Fatal(err)
			}
		case "fifo":
			s.WritePipe("x")
		}
		want := fmt.Sprintf("%s closes %d", name, i+2)
		watcher.Want(want)
		c.Want(want)
		if code, reason := c.Closed(); code != 4000 || reason != name {
			t.Errorf("%s: closed with %d %q", name, code, reason)
		}
	}
}

func TestCloseClientInAuthenticate(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	global $connections;
	foreach ($connections as $k => $c) { if ($c["state"]=="OPEN") { close_client($k,4000,"replaced"); } }
	if ($cookies=="nobody") { close_client(array_search($connection,$connections)); }
	return True;
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,json_encode(array_keys($connections))); }
function ws_server_after_close(&$connections) { file_put_contents(__DIR__."/closed","x",FILE_APPEND); }`})
	a, b := s.Connect(), s.Connect()
	if code, reason := a.Closed(); code != 4000 || reason != "replaced" {
		t.Errorf("closed with %d %q", code, reason)
	}
	if got := b.Ask("x"); got != "[2]" {
		t.Errorf("got %s", got)
	}
	s.Refused(harness.Headers("nobody")) // a client closed in authenticate is refused, whatever that returns
	if code, _ := b.Closed(); code != 4000 {
		t.Errorf("closed with %d", code)
	}
	if got := s.Read("closed"); got != "xxx" {
		t.Errorf("after_close ran for %q", got)
	}
}

func TestFailingBeforeCloseLeavesNoRowBehind(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval + `
function ws_server_before_close(&$connections,&$connection) { no_such_function(); }`})
	a, polite, dropped := s.Connect(), s.Connect(), s.Connect()
	polite.Leave()
	dropped.HangUp()
	s.Log.Wait("client left", `"client":3`)
	if got := a.Ask(`return array_keys($connections);`); got != "[1]" {
		t.Errorf("got %s", got)
	}
}
