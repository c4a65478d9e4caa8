package tests

import (
	"strings"
	"testing"
)

// What exists at file scope before any handler runs.

func TestEverySettingIsAConstant(t *testing.T) {
	t.Parallel()
	s := serve(t, app{
		settings: "APP_NAME=My Shop\n\nAPP_QUERY=a=1&b=2\nWEBSOCKET_ENABLE=1\nWEBSOCKET_CONNECTION_TIMEOUT_SEC=90\nADMINISTRATOR_EMAIL=a@example.org\n",
		handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,implode("|",array(APP_NAME,APP_QUERY,DB_PASSWORD,WEBSOCKET_SERVER_HEADER,WEBSOCKET_ENABLE,
		WEBSOCKET_CONNECTION_TIMEOUT_SEC,ADMINISTRATOR_EMAIL,WEBSOCKET_SELECT_TIMEOUT)));
}`})
	if got, want := s.connect().ask("x"), "My Shop|a=1&b=2|se=cr=et|SimplePHPWS|1|90|a@example.org|200000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if strings.Contains(s.log.text(), "se=cr=et") {
		t.Error("a setting's value is in the log")
	}
}

func TestServerThatIsSwitchedOffDoesNotStart(t *testing.T) {
	t.Parallel()
	a := app{settings: "WEBSOCKET_ENABLE=0\n"}
	s := prepare(t, a)
	s.start(s.arguments(a)...)
	if status := s.wait(); status == 0 {
		t.Error("exit status 0")
	}
	s.wantError("WEBSOCKET_ENABLE")
}

func TestGlobalsAHandlerMayReach(t *testing.T) {
	t.Parallel()
	s := serve(t, app{settings: "APP_NAME=My Shop\n", handlers: `
function look()
{
	global $server,$sockets,$connections,$settings;
	return json_encode(array(array_keys($sockets),array_keys($connections),in_array("APP_NAME=My Shop",$settings),is_resource($server)));
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,look()); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data) { send_text(1,look()); }`})
	a, b := s.connect(), s.connect()
	want := "[[0,1,2],[1,2],true,true]"
	if got := b.ask("x"); got != want {
		t.Errorf("a client's handler got %s", got)
	}
	s.pipe("x")
	a.want(want)
}

func TestTopLevelVariablesAreGlobals(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: `
$greeting="hello";
$templates=array("page"=>"<b>%%name%%</b>");
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $greeting;
	send_text($client_key,$greeting." ".$GLOBALS["greeting"]." ".template_fill("page",array("name"=>$msg)));
}`})
	if got, want := s.connect().ask("you"), "hello hello <b>you</b>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFurtherFilesAreRequired(t *testing.T) {
	t.Parallel()
	a := app{handlers: `
require_once("inc_relative.php");
require_once("./inc_dot.php");
require_once(__DIR__."/inc_absolute.php");
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	require_once("inc_late.php");
	send_text($client_key,relative().dot().absolute().late());
}`}
	s := prepare(t, a)
	for _, name := range []string{"relative", "dot", "absolute", "late"} {
		s.write("inc_"+name+".php", "<?php function "+name+"() { return '"+name+" '; }")
	}
	s.run(a)
	if got, want := s.connect().ask("x"), "relative dot absolute late "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEventsFileIsIncludedOnce(t *testing.T) {
	t.Parallel()
	a := app{handlers: `
$times=isset($times)?$times+1:1;
require_once("circle.php");
function ws_server_text(&$connections,&$connection,$client_key,$msg) { global $times; send_text($client_key,"included ".$times); }`}
	s := prepare(t, a)
	s.write("circle.php", `<?php require_once(__DIR__."/push_server_events.php"); require_once("push_server_events.php");`)
	s.run(a)
	if got := s.connect().ask("x"); got != "included 1" {
		t.Errorf("got %q", got)
	}
}
