package handlers

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// $sockets and $server, as far as wsbridge has them.

const usingSockets = `
function look($sockets) { $kinds=array(); foreach ($sockets as $k => $s) { $kinds[]=$k.":".gettype($s); } return count($sockets)." ".implode(",",$kinds); }
function ws_server_started(&$server,&$sockets,&$connections) { file_put_contents(__DIR__."/started",look($sockets)); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$data)
{
	foreach ($connections as $k => $c) { fwrite($sockets[$k],encode_text_data_frame("fifo ".$k)); }
}
function ws_server_loop(&$server,&$sockets,&$connections)
{
	foreach ($connections as $k => $c) { if (isset($c["loop"])) { unset($connections[$k]["loop"]); fwrite($sockets[$k],encode_frame(2,"loop")); } }
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $sockets;
	if ($msg=="look") { send_text($client_key,look($sockets)); }
	if ($msg=="loop") { $connection["loop"]=True; }
	if ($msg=="pieces") { $frame=encode_text_data_frame("in pieces"); foreach (str_split($frame,3) as $piece) { fwrite($sockets[$client_key],$piece); } }
	if ($msg=="all") { foreach ($sockets as $k => $s) { if ($k>0) { fwrite($s,encode_text_data_frame("all").encode_text_data_frame("twice")); } } }
	if ($msg=="close") { fwrite($sockets[$client_key],encode_frame(8,"by socket",4020)); }
	if ($msg=="kick") { close_client(2); send_text($client_key,look($sockets)); }
}
`

func TestSocketsHaveTheClientsKeysAndTakeFrames(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: usingSockets, Settings: "WEBSOCKET_SELECT_TIMEOUT=20000\n"})
	a, b := s.Connect(), s.Connect()
	if got := s.Read("started"); got != "1 0:resource" {
		t.Errorf("started with %q", got)
	}
	a.Send("look")
	a.Want("3 0:resource,1:resource,2:resource")
	s.WritePipe("x")
	a.Want("fifo 1")
	b.Want("fifo 2")
	a.Send("pieces")
	a.Want("in pieces")
	a.Send("all")
	harness.WantAll([]*harness.Client{a, b}, "all", "twice")
	a.Send("loop")
	if op, data := a.Next(); op != 2 || string(data) != "loop" {
		t.Errorf("got %d %q", op, data)
	}
	a.Send("kick")
	a.Want("2 0:resource,1:resource") // close_client drops the socket before it returns
	a.Send("look")
	a.Want("2 0:resource,1:resource")
	a.Send("close")
	if code, reason := a.Closed(); code != 4020 || reason != "by socket" {
		t.Errorf("closed with %d %q", code, reason)
	}
}

func TestSocketsAreThereInEveryHandler(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Settings: "WEBSOCKET_SELECT_TIMEOUT=20000\n", Handlers: `
function note($name,$client_key=0)
{
	global $sockets,$connections;
	$good=array_keys($sockets)===array_merge(array(0),array_keys($connections));
	foreach ($sockets as $k => $s) { if ($k>0 && is_resource($s)==False) { $good=False; } }
	file_put_contents(__DIR__."/sockets",$name.($good?" ":" not ")."good\n",FILE_APPEND);
}
function ws_server_started(&$server,&$sockets,&$connections) { note("started"); }
function ws_server_loop(&$server,&$sockets,&$connections) { if (count($connections)>0) { note("loop"); } }
function ws_server_fifo(&$server,&$sockets,&$connections,&$data) { note("fifo"); }
function ws_server_connect(&$connections,&$connection,$client_key) { note("connect"); }
function ws_server_read(&$connections,&$connection,$client_key,$data) { note("read"); return ""; }
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { note("authenticate"); return True; }
function ws_server_open(&$connections,&$connection,$client_key) { note("open"); }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { note("text"); }
function ws_server_binary(&$connections,&$connection,$client_key,$data) { note("binary"); }
function ws_server_before_close(&$connections,&$connection) { note("before_close"); }
function ws_server_after_close(&$connections) { note("after_close"); }
function ws_server_shutdown(&$server,&$sockets,&$connections) { note("shutdown"); }`})
	a, b := s.Connect(), s.Connect()
	a.Send("x")
	if err := a.Conn.WriteMessage(2, []byte("x")); err != nil {
		t.Fatal(err)
	}
	s.WritePipe("x")
	b.Leave()
	for _, name := range []string{"loop", "fifo", "text", "binary", "after_close"} {
		harness.Eventually(t, name, func() bool { return strings.Contains(s.Read("sockets"), "\n"+name+" ") })
	}
	s.Stop(a)
	noted := s.Read("sockets")
	for _, name := range []string{"started", "loop", "fifo", "connect", "read", "authenticate", "open", "text", "binary", "before_close", "after_close", "shutdown"} {
		if !strings.Contains(noted, name+" good\n") || strings.Contains(noted, name+" not good\n") {
			t.Errorf("%s sees other sockets than clients", name)
		}
	}
}
