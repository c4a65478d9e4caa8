package phphandlers

import (
	"os"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

// PHP fills $_SERVER for a request when a file that it loads names the variable.
func TestEventsFillServerOnlyForApplicationsThatLookAtIt(t *testing.T) {
	const look = `function look($msg) { $name=base64_decode("X1NFUlZFUg=="); return isset($GLOBALS[$name][$msg]) ? $GLOBALS[$name][$msg] : "missing"; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,look($msg)); }`
	a := newApp(t, look).with("HTTP_X_MINE", "mine")
	want(t, a.run(row(protocol.Text, "HTTP_X_MINE", `{"state":"OPEN"}`)), "send [12] missing", "done {}")
	want(t, a.with("server", "1").run(row(protocol.Text, "HTTP_X_MINE", `{"state":"OPEN"}`)), "send [12] mine", "done {}")
	a.write(t, "app/push_server_events.php", "<?php\n"+look+` function other() { return $_SERVER; }`)
	want(t, a.run(row(protocol.Text, "HTTP_X_MINE", `{"state":"OPEN"}`)), "send [12] mine", "done {}")
}

func TestFilesOfEveryEventDoNotNameServer(t *testing.T) {
	load, err := os.ReadFile("src/load.php")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"wsbridge.php", "functions.php", "src/load.php"}
	for _, name := range phpFiles(t) {
		if file, found := strings.CutPrefix(name, "src"); found && strings.Contains(string(load), "'"+file+"'") {
			names = append(names, name)
		}
	}
	if len(names) < 15 {
		t.Fatalf("found %v", names)
	}
	for _, name := range names {
		code := runPHP(t, "-w", name) // without comments
		for _, variable := range []string{"$_SERVER", "$_ENV", "$_REQUEST"} {
			if strings.Contains(strings.Replace(code, `eval('unset($_SERVER["WSBRIDGE_TOKEN"]);')`, "", 1), variable) {
				t.Errorf("%s names %s: PHP would fill it for every event", name, variable)
			}
		}
	}
}

func TestDescriptionSaysWhoLooksAtServer(t *testing.T) {
	a := newApp(t, "")
	for code, want := range map[string]bool{
		`$a=$_COOKIE["a"]; $b=$GLOBALS["x"];`:    false,
		`$a=$_SERVER["HTTP_HOST"];`:              true,
		`$a=$GLOBALS["_SERVER"];`:                true,
		`$a=$GLOBALS[ '_SERVER' ]["HTTP_HOST"];`: true,
		`$a=compact("_SERVER");`:                 true,
		`foreach ($GLOBALS as $name=>$value) {}`: true,
		`$x="_SERVER"; $a=$$x;`:                  true,
	} {
		if d := a.described("function f() { " + code + " }"); d.Server != want {
			t.Errorf("%s: got %v", code, d.Server)
		}
	}
}

func TestAuthenticateGetsWhatTheApplicationMadeOfTheHandshake(t *testing.T) {
	const echo = `function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { $connection["saw"]="$cookies,$user_agent,$remote_address"; return True; }`
	for code, saw := range map[string]string{
		echo: "a=1,browser,192.0.2.1",
		`$_SERVER["REMOTE_ADDR"]=$_SERVER["HTTP_X_FORWARDED_FOR"]; unset($_SERVER["HTTP_COOKIE"]);` + echo: ",browser,203.0.113.9",
	} {
		a := newApp(t, code).with("HTTP_COOKIE", "a=1", "HTTP_USER_AGENT", "browser", "REMOTE_ADDR", "192.0.2.1", "HTTP_X_FORWARDED_FOR", "203.0.113.9")
		effects := a.run(row(protocol.Authenticate, "", `{"state":"CONNECTING"}`))
		want(t, effects, `done {"result":true,"rows":{"12":{"set":{"saw":"`+saw+`"}}}}`)
	}
}
