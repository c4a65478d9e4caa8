package tests

import (
	"strings"
	"testing"
)

// What exists at file scope before any handler runs.

func TestSettingsAreConstants(t *testing.T) {
	s := serve(t, app{
		settings: "APP_NAME=My Shop\n\nAPP_QUERY=a=1&b=2\nWEBSOCKET_ENABLE=1\n",
		handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $settings;
	send_text($client_key,APP_NAME."|".APP_QUERY."|".DB_PASSWORD."|".WEBSOCKET_SERVER_HEADER."|".(in_array("APP_NAME=My Shop",$settings)?"line":""));
}`})
	if got, want := s.connect().ask("x"), "My Shop|a=1&b=2|se=cr=et|SimplePHPWS|line"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if strings.Contains(s.log.text(), "se=cr=et") {
		t.Error("a setting's value is in the log")
	}
}

func TestTopLevelVariablesAreGlobals(t *testing.T) {
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
	s.connect().ask("x")
}

func TestHelpersExistAtTopLevel(t *testing.T) {
	s := serve(t, app{handlers: `
show_message("top level says hello",True);
$frame=encode_frame(1,"made at top level");
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $frame;
	do_reply($client_key,$frame);
}`})
	if got := s.connect().ask("x"); got != "made at top level" {
		t.Errorf("got %q", got)
	}
	s.log.wait("*** top level says hello")
}

func TestApplicationBringsTheHelperFile(t *testing.T) {
	for name, handlers := range map[string]string{
		"unconditional": `require_once("shared_utils.php");`,
		"after use":     `show_message("first"); require_once("shared_utils.php");`,
		"in a handler":  `function ws_server_open(&$connections,&$connection,$client_key) { require_once("shared_utils.php"); }`,
	} {
		t.Run(name, func(t *testing.T) {
			a := app{handlers: handlers + `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	show_message("from the handler");
	send_text($client_key,unix_to_iso_timestamp(0));
}`}
			s := prepare(t, a)
			s.write("shared_utils.php", `<?php
function show_message($msg,$star=False) { echo "own: ".$msg."\n"; }
function unix_to_iso_timestamp($ts) { return "own ".$ts; }
function var_dump_to_str($v) { return "own"; }
`)
			s.run(a)
			_ = s.connect() // with the file required in a handler, its first event tells wsbridge about it
			if got := s.connect().ask("x"); got != "own 0" {
				t.Errorf("got %q", got)
			}
			s.log.wait("own: from the handler")
		})
	}
}

func TestApplicationDefinesHelperIfMissing(t *testing.T) {
	s := serve(t, app{handlers: `
if (!function_exists("send_text")) { function send_text($client_key,$msg) { echo "wrong one"; } }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,"right one"); }`})
	if got := s.connect().ask("x"); got != "right one" {
		t.Errorf("got %q", got)
	}
}

func TestProcessSettings(t *testing.T) {
	s := serve(t, app{handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,json_encode(array(
		date_default_timezone_get(),error_reporting()===E_ALL,ini_get("max_execution_time"),ini_get("memory_limit"),umask(),
		is_resource(STDIN),is_resource(STDOUT),is_resource(STDERR),function_exists("opcache_get_status"))));
}`})
	if got, want := s.connect().ask("x"), `["UTC",true,"0","512M",0,true,true,true,true]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatHandlersPrintNeverReachesClients(t *testing.T) {
	s := serve(t, app{handlers: `
echo "printed at file scope\n";
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	echo "printed in a handler";
	send_text($client_key,"one");
	echo '{"seq":1,"send":{"to":"open","length":4}}'."\nevil\n";
	send_text($client_key,"two");
	fwrite(STDERR,"written to STDERR\n");
	ob_start();
	echo "kept by the handler";
	$kept=ob_get_clean();
	while (ob_get_level()>0) { ob_end_clean(); }
	echo "printed without a buffer";
	send_text($client_key,$kept);
}`})
	c := s.connect()
	c.send("x")
	c.want("one")
	c.want("two")
	c.want("kept by the handler")
	for _, text := range []string{"printed at file scope", "printed in a handler", "evil", "written to STDERR", "printed without a buffer"} {
		s.log.wait("", text)
	}
	if got := c.ask("again"); got != "one" {
		t.Errorf("got %q", got)
	}
}

func TestWebEnvironmentOfTheHandshake(t *testing.T) {
	s := serve(t, app{handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,json_encode(array($_COOKIE["login"],$_GET["room"],$_SERVER["REQUEST_URI"],$_SERVER["HTTP_USER_AGENT"],
		$_SERVER["REMOTE_ADDR"],isset($_SERVER["HTTP_PROXY"]),$_SERVER["HTTP_X_MINE"]),JSON_UNESCAPED_SLASHES));
}`})
	h := headers("a=b; login=anna")
	h.Set("Proxy", "http://evil/")
	h.Set("X-Mine", "ünï")
	c, _, err := s.dial("/chat?room=7", h)
	if err != nil {
		t.Fatal(err)
	}
	c.send("x")
	c.want(`["anna","7","/chat?room=7","tests","127.0.0.1",false,"\u00fcn\u00ef"]`)
}

func TestSessionsWorkInHandlers(t *testing.T) {
	s := serve(t, app{handlers: `
session_save_path(__DIR__);
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,"before");
	session_start();
	$_SESSION["n"]=isset($_SESSION["n"])?$_SESSION["n"]+1:1;
	session_write_close();
	send_text($client_key,session_id()." ".$_SESSION["n"]);
}`})
	c := s.connectAs("PHPSESSID=abcdefghijklmnopqrstuvwxyz")
	for _, want := range []string{"abcdefghijklmnopqrstuvwxyz 1", "abcdefghijklmnopqrstuvwxyz 2"} {
		c.send("x")
		c.want("before")
		c.want(want)
	}
}
