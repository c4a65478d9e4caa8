package handlers

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// What exists at file scope before a handler runs.

func TestEverySettingIsAConstant(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{
		Settings: "APP_NAME=My Shop\n\nAPP_QUERY=a=1&b=2\nWEBSOCKET_ENABLE=1\nWEBSOCKET_CONNECTION_TIMEOUT_SEC=90\nADMINISTRATOR_EMAIL=a@example.org\n",
		Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,implode("|",array(APP_NAME,APP_QUERY,DB_PASSWORD,WEBSOCKET_SERVER_HEADER,WEBSOCKET_ENABLE,
		WEBSOCKET_CONNECTION_TIMEOUT_SEC,ADMINISTRATOR_EMAIL,WEBSOCKET_SELECT_TIMEOUT)));
}`})
	if got, want := s.Connect().Ask("x"), "My Shop|a=1&b=2|se=cr=et|SimplePHPWS|1|90|a@example.org|200000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if strings.Contains(s.Log.Text(), "se=cr=et") {
		t.Error("a setting's value is in the log")
	}
}

func TestServerThatIsSwitchedOffDoesNotStart(t *testing.T) {
	t.Parallel()
	a := harness.App{Settings: "WEBSOCKET_ENABLE=0\n"}
	s := harness.Prepare(t, a)
	s.Start(s.Arguments(a)...)
	if status := s.Wait(); status == 0 {
		t.Error("exit status 0")
	}
	s.WantError("WEBSOCKET_ENABLE")
}

func TestGlobalsAHandlerMayReach(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Settings: "APP_NAME=My Shop\n", Handlers: `
function look()
{
	global $server,$sockets,$connections,$settings;
	return json_encode(array(array_keys($sockets),array_keys($connections),in_array("APP_NAME=My Shop",$settings),is_resource($server)));
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,look()); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data) { send_text(1,look()); }`})
	a, b := s.Connect(), s.Connect()
	want := "[[0,1,2],[1,2],true,true]"
	if got := b.Ask("x"); got != want {
		t.Errorf("a client's handler got %s", got)
	}
	s.WritePipe("x")
	a.Want(want)
}

func TestTopLevelVariablesAreGlobals(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
$greeting="hello";
$templates=array("page"=>"<b>%%name%%</b>");
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $greeting;
	send_text($client_key,$greeting." ".$GLOBALS["greeting"]." ".template_fill("page",array("name"=>$msg)));
}`})
	if got, want := s.Connect().Ask("you"), "hello hello <b>you</b>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFurtherFilesAreRequired(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: `
require_once("inc_relative.php");
require_once("./inc_dot.php");
require_once(__DIR__."/inc_absolute.php");
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	require_once("inc_late.php");
	send_text($client_key,relative().dot().absolute().late());
}`}
	s := harness.Prepare(t, a)
	for _, name := range []string{"relative", "dot", "absolute", "late"} {
		s.Write("inc_"+name+".php", "<?php function "+name+"() { return '"+name+" '; }")
	}
	s.Run(a)
	if got, want := s.Connect().Ask("x"), "relative dot absolute late "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEventsFileIsIncludedOnce(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: `
$times=isset($times)?$times+1:1;
require_once("circle.php");
function ws_server_text(&$connections,&$connection,$client_key,$msg) { global $times; send_text($client_key,"included ".$times); }`}
	s := harness.Prepare(t, a)
	s.Write("circle.php", `<?php require_once(__DIR__."/push_server_events.php"); require_once("push_server_events.php");`)
	s.Run(a)
	if got := s.Connect().Ask("x"); got != "included 1" {
		t.Errorf("got %q", got)
	}
}
