package phphandlers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestHandlersAreCalledAsByTheOriginal(t *testing.T) {
	a := newApp(t, `
function note() { $a=func_get_args(); send_text(15,implode(" ",$a)); }
function keys($rows) { return implode(",",array_keys($rows)); }
function ws_server_initialize() { note("initialize",func_num_args()); }
function ws_server_started(&$server,&$sockets,&$connections) { note("started",keys($sockets),keys($connections)); }
function ws_server_loop(&$server,&$sockets,&$connections) { note("loop",keys($sockets),keys($connections)); $connections[12]["turn"]=1; }
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data) { note("fifo",keys($sockets),keys($connections),"[".$fifo_data."]"); }
function ws_server_connect(&$connections,&$connection,$client_key) { note("connect",keys($connections),$connection["state"],$client_key); $connection["n"]=1; }
function ws_server_open(&$connections,&$connection,$client_key) { note("open",keys($connections),$connection["state"],$client_key); $connection["n"]=2; }
function ws_server_binary(&$connections,&$connection,$client_key,$data) { note("binary",keys($connections),$client_key,bin2hex($data)); }
function ws_server_before_close(&$connections,&$connection) { note("before",keys($connections),$connection["state"]); $connection["n"]=3; }
function ws_server_after_close(&$connections) { note("after",keys($connections)); $connections[15]["saw"]=1; }
function ws_server_shutdown(&$server,&$sockets,&$connections) { note("shutdown",keys($connections)); }
function ws_server_finalize() { note("finalize",func_num_args()); }`)
	for _, row := range []struct {
		event *protocol.Event
		want  string
	}{
		{serverEvent(protocol.Started, "", three), "send [15] started 0,12,15,16 12,15,16\ndone {}"},
		{serverEvent(protocol.Loop, "", three), "send [15] loop 0,12,15,16 12,15,16\n" + `done {"rows":{"12":{"set":{"turn":1}}}}`},
		{serverEvent(protocol.Fifo, " {\"a\":1}\n", three), "send [15] fifo 0,12,15,16 12,15,16 [{\"a\":1}]\ndone {}"},
		{table(protocol.Connect, "", three), "send [15] connect 12,15,16 OPEN 12\n" + `done {"rows":{"12":{"set":{"n":1}}}}`},
		{table(protocol.Open, "", three), "send [15] open 12,15,16 OPEN 12\n" + `done {"rows":{"12":{"set":{"n":2}}}}`},
		{table(protocol.Binary, "\xff\x00", three), "send [15] binary 12,15,16 12 ff00\ndone {}"},
		{table(protocol.Closing, "", three), "send [15] before 12,15,16 OPEN\n" + `close {"client":12,"handled":true}` +
			"\nsend [15] after 15,16\n" + `done {"rows":{"15":{"set":{"saw":1}}}}`},
		{serverEvent(protocol.Shutdown, "", `{"15":{"state":"OPEN"}}`), "send [15] shutdown 15\ndone {}"},
		{&protocol.Event{Kind: protocol.Initialize, Seq: 7, Open: new("15")}, "send [15] initialize 0\ndone {}"},
		{&protocol.Event{Kind: protocol.Finalize, Seq: 7, Open: new("15")}, "send [15] finalize 0\ndone {}"},
		{row(protocol.Connect, "", `{"state":"CONNECTING"}`), "send [15] connect 12 CONNECTING 12\n" + `done {"rows":{"12":{"set":{"n":1}}}}`},
	} {
		t.Run(string(row.event.Kind), func(t *testing.T) {
			row.event.Sockets = true
			effects := a.run(row.event)
			want(t, effects, strings.Split(row.want, "\n")...)
			if lines := logged(effects); len(lines) > 0 {
				t.Errorf("logged %q", lines)
			}
		})
	}
}

func TestHandlersThatDoNotExist(t *testing.T) {
	a := newApp(t, ``)
	for _, kind := range []protocol.Kind{protocol.Initialize, protocol.Started, protocol.Loop, protocol.Fifo, protocol.Shutdown, protocol.Finalize} {
		want(t, a.run(serverEvent(kind, "x", three)), "done {}")
	}
	for _, kind := range []protocol.Kind{protocol.Connect, protocol.Read, protocol.Open, protocol.Text, protocol.Binary} {
		want(t, a.run(table(kind, "x", three)), "done {}")
	}
	want(t, a.run(table(protocol.Closing, "", three)), `close {"client":12,"handled":true}`, "done {}")
}

func TestArity(t *testing.T) {
	for parameters, got := range map[string]string{
		"&$connections,&$connection,$msg":                       "$msg",
		"$connections,$connection,$msg":                         "$msg",
		"&$connections,&$connection,$client_key,$msg":           "$client_key.$msg",
		"$connections,$connection,$client_key,$msg":             "$client_key.$msg",
		"&$connections,&$connection,$client_key,$msg,$more='!'": "$client_key.$msg.$more",
		"&$connections,&$connection,&$client_key,&$msg":         "$client_key.$msg",
		"&$connections,&$connection,...$rest":                   "$rest[0].$rest[1]",
		"":                                                      "func_get_arg(2).func_get_arg(3)",
	} {
		t.Run(parameters, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, fmt.Sprintf(`
function ws_server_text(%[1]s) { send_text(12,%[2]s); }
function ws_server_read(%[1]s) { send_text(12,%[2]s); return ""; }`, parameters, got))
			text := "hi"
			if !strings.HasPrefix(got, "$msg") {
				text = "12hi"
			}
			if strings.Contains(got, "$more") {
				text += "!"
			}
			want(t, a.run(table(protocol.Text, "hi", three)), "send [12] "+text, "done {}")
			want(t, a.run(table(protocol.Read, "hi", three)), "send [12] "+text, `done {"result":"pass"}`)
		})
	}
}

func TestAuthenticate(t *testing.T) {
	a := newApp(t, `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	$connection["seen"]=array($connection["state"],$cookies,$user_agent,$remote_address);
	return eval("return ".substr($cookies,2).";");
}`)
	for value, result := range map[string]string{
		"True": "true", "1": "true", `"yes"`: "true", "array(1)": "true", "new stdClass": "true", "0.1": "true",
		"False": "false", "0": "false", `""`: "false", "null": "false", "array()": "false", `"0"`: "false", "0.0": "false",
	} {
		t.Run(value, func(t *testing.T) {
			effects := a.with("HTTP_COOKIE", "v="+value, "HTTP_USER_AGENT", "agent", "REMOTE_ADDR", "10.0.0.1").
				run(row(protocol.Authenticate, "", `{"state":"CONNECTING"}`))
			want(t, effects, `done {"result":`+result+`,"rows":{"12":{"set":{"seen":["CONNECTING",`+toJSON("v="+value)+`,"agent","10.0.0.1"]}}}}`)
		})
	}
	effects := a.with("REMOTE_ADDR", "::1").run(row(protocol.Authenticate, "", `{"state":"CONNECTING"}`))
	want(t, effects, `done {"result":false,"rows":{"12":{"set":{"seen":["CONNECTING","","","::1"]}}}}`)
}

func TestReadDecides(t *testing.T) {
	a := newApp(t, `function ws_server_read(&$connections,&$connection,$data) { return eval($data); }`)
	for code, result := range map[string]string{
		`return "";`: "pass", `return "quit";`: "quit", `return "x";`: "consumed", `return null;`: "consumed", ``: "consumed",
		`return false;`: "consumed", `return 0;`: "consumed", `return true;`: "consumed",
	} {
		want(t, a.run(table(protocol.Read, code, three)), `done {"result":"`+result+`"}`)
	}
}

func TestInitialize(t *testing.T) {
	a := newApp(t, `
$calls=0;
function ws_server_initialize() { global $calls,$templates; $calls++; $templates=array("t"=>"filled"); }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { global $calls; send_text($client_key,$calls." ".template_fill("t")); }
function ws_server_finalize() { global $calls; send_text(15,"calls ".$calls); }`)
	every := a.with("initialize", "every")
	want(t, every.run(table(protocol.Text, "", three)), "send [12] 1 filled", "done {}")
	want(t, a.run(table(protocol.Text, "", three)), "send [12] 0 ", "done {}")
	initialize := func() *protocol.Event { return &protocol.Event{Kind: protocol.Initialize, Seq: 6, Open: new("15")} }
	finalize := &protocol.Event{Kind: protocol.Finalize, Seq: 7, Open: new("15")}
	want(t, every.run(initialize(), finalize), "done {}", "send [15] calls 1", "done {}")
	want(t, a.run(initialize(), finalize), "done {}", "send [15] calls 1", "done {}")
}

func TestFileScope(t *testing.T) {
	a := newApp(t, `
$greeting="hello";
show_message("loading");
require_once("inc/relative.php");
require_once("./inc/dot.php");
require_once(__DIR__."/inc/absolute.php");
if (!function_exists("send_text")) { function send_text() { echo "wrong one"; } }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $greeting;
	require_once("inc/late.php");
	send_text($client_key,$greeting.$GLOBALS["greeting"].relative().dot().absolute().late().basename(getcwd()));
}`)
	for _, name := range []string{"relative", "dot", "absolute", "late"} {
		a.write(t, "app/inc/"+name+".php", "<?php function "+name+"() { return ' "+name+" '; }")
	}
	effects := a.run(table(protocol.Text, "", three))
	want(t, effects, "send [12] hellohello relative  dot  absolute  late app", "done {}")
	wantLogged(t, effects, "info loading")
}
