package tests

import (
	"fmt"
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

func TestInitializeRunsInEachRequestByDefault(t *testing.T) {
	s := serve(t, app{handlers: `
function ws_server_initialize() { global $templates; $templates=array("t"=>"filled by initialize"); }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,template_fill("t")); }`})
	if got := s.connect().ask("x"); got != "filled by initialize" {
		t.Errorf("got %q", got)
	}
}

func TestLoopRunsAgainAndAgain(t *testing.T) {
	s := serve(t, app{
		settings: "WEBSOCKET_SELECT_TIMEOUT=20000\n",
		handlers: `
function ws_server_loop(&$server,&$sockets,&$connections)
{
	foreach ($connections as $key => $c)
	{
		$connections[$key]["turns"]=isset($c["turns"])?$c["turns"]+1:1;
		if ($connections[$key]["turns"]==5) { send_text($key,"five turns"); }
	}
}`})
	s.connect().want("five turns")
}

func TestTextArity(t *testing.T) {
	for name, handler := range map[string]string{
		"documented":             `function ws_server_text(&$connections,&$connection,$msg) { send_text(array_search($connection,$connections),"got ".$msg); }`,
		"as really called":       `function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,"got ".$msg); }`,
		"by value":               `function ws_server_text($connections,$connection,$client_key,$msg) { send_text($client_key,"got ".$msg); }`,
		"with a default":         `function ws_server_text(&$connections,&$connection,$client_key,$msg,$more="") { send_text($client_key,"got ".$msg.$more); }`,
		"taking none but asking": `function ws_server_text() { $a=func_get_args(); send_text($a[2],"got ".$a[3]); }`,
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, app{handlers: handler})
			if got := s.connect().ask("this"); got != "got this" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestReadSeesEverythingFirst(t *testing.T) {
	for name, parameters := range map[string]string{"three": "&$connections,&$connection,$data", "four": "&$connections,&$connection,$client_key,$data"} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, app{handlers: `
function ws_server_connect(&$connections,&$connection,$client_key) { $connection["diary"]="connect ".$connection["state"].";"; }
function ws_server_read(` + parameters + `)
{
	$connection["diary"].="read ".$connection["state"]." ".(substr($data,0,4)=="GET "?"GET":strlen($data)).";";
	return "";
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	$connection["diary"].="text ".$msg.";";
	send_text($client_key,$connection["diary"]);
}`})
			c := s.connect()
			c.send("hello") // a masked frame of 6+5 bytes
			c.want("connect CONNECTING;read CONNECTING GET;read OPEN 11;text hello;")
		})
	}
}

func TestReadConsumes(t *testing.T) {
	s := serve(t, app{handlers: `
function ws_server_read(&$connections,&$connection,$client_key,$data)
{
	if ($connection["state"]=="OPEN" && strlen($data)==9) { send_text($client_key,"eaten"); return "consumed"; }
	return "";
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }`})
	c := s.connect()
	if got := c.ask("longer"); got != "longer" {
		t.Errorf("got %q", got)
	}
	c.send("abc") // 9 bytes as a frame
	c.want("eaten")
	if got := c.ask("longer"); got != "longer" {
		t.Errorf("got %q: a consumed read was handled", got)
	}
}

func TestReadQuits(t *testing.T) {
	s := serve(t, app{handlers: diary + `
function ws_server_read(&$connections,&$connection,$client_key,$data) { return strpos($data,"STOP")!==False?"quit":""; }`, toml: initializeOnce})
	c := s.connect()
	c.want("welcome")
	_, _, _ = s.dial("/STOP", headers("login=quitter"))
	if code, reason := c.closed(); code != 1001 || reason != "server shutting down" {
		t.Errorf("closed with %d %q", code, reason)
	}
	if status := s.wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	got := s.read("diary")
	if !strings.Contains(got, "shutdown") || !strings.HasSuffix(got, "finalize pipe=no\n") {
		t.Errorf("got %s", got)
	}
}

func TestAuthenticateComparesLoosely(t *testing.T) {
	for value, status := range map[string]int{
		"True": 101, "1": 101, `"yes"`: 101, "array(1)": 101,
		"False": 403, "0": 403, `""`: 403, "null": 403, "array()": 403, `"0"`: 403,
	} {
		t.Run(value, func(t *testing.T) {
			s := serve(t, app{handlers: fmt.Sprintf(
				`function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return %s; }`, value)})
			_, response, err := s.dial("/", headers("a=b"))
			if response == nil || response.StatusCode != status {
				t.Errorf("got %v, %v; want status %d", response, err, status)
			}
		})
	}
}

func TestHandshakeWithoutCookieOrUserAgent(t *testing.T) {
	a := app{handlers: diary, toml: initializeOnce + "[server]\nrequire_cookie = true\nrequire_user_agent = true\n"}
	s := serve(t, a)
	noCookie, noAgent := headers("x"), headers("login=a")
	noCookie.Del("Cookie")
	noAgent.Set("User-Agent", "") // an empty one is not sent
	for _, h := range []map[string][]string{noCookie, noAgent} {
		if got := s.refused(h); got.StatusCode != 403 {
			t.Errorf("got %s", got.Status)
		}
	}
	if got := s.read("diary"); strings.Contains(got, "authenticate") {
		t.Errorf("authenticate was called: %s", got)
	}
	s.diaryHas("after_close ")
}

func TestHandshakeWithoutCookieIsConfigurable(t *testing.T) {
	s := serve(t, app{toml: "[server]\nrequire_cookie = false\nrequire_user_agent = false\n",
		handlers: `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return $cookies==="" && $user_agent===""; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }`})
	c, _, err := s.dial("/", map[string][]string{"User-Agent": {""}})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.ask("in"); got != "in" {
		t.Errorf("got %q", got)
	}
}

func TestMissingAuthenticateIsAnError(t *testing.T) {
	a := app{}
	s := prepare(t, a)
	s.write("push_server_events.php", "<?php function ws_server_text() {}")
	s.start(s.arguments(a)...)
	if status := s.wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	s.wantError("ws_server_authenticate")
}
