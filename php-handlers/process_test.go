package phphandlers

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestSettingsAreConstants(t *testing.T) {
	a := newApp(t, `define("MINE","first");`+evalText)
	conf := a.write(t, "conf", "\xef\xbb\xbfWEBSOCKET_ENABLE=1\r\n\r\n  DB_PASSWORD = se=cr=et \n# COMMENT=1\nno value\n=x\nTRUE=x\nA::B=x\nMINE=conf\nEMPTY=\nWEBSOCKET_ENABLE=2\nLAST=end")
	a = a.with("settings", conf)
	for code, want := range map[string]string{
		`return array(WEBSOCKET_ENABLE,DB_PASSWORD,constant("EMPTY"),LAST,defined("COMMENT"),defined("# COMMENT"),defined("no value"),True);`: `["1","se=cr=et","","end",false,false,false,true]`,
		`global $settings; return array(count($settings),trim($settings[0]),in_array("MINE=conf",$settings));`:                                `[12,"WEBSOCKET_ENABLE=1",true]`,
	} {
		if got := a.ask(code); got != want {
			t.Errorf("%s: got %s", code, got)
		}
	}
	effects := a.run(withTable(`return MINE;`))
	want(t, effects, "send [12] conf", "done {}") // the settings come before the application's file
	if lines := strings.Join(logged(effects), "\n"); !strings.Contains(lines, "already defined") || strings.Contains(lines, "se=cr=et") {
		t.Errorf("logged %s", lines)
	}
}

func TestProcessSettings(t *testing.T) {
	for memory, want := range map[string]string{"128M": "512M", "1G": "1G", "-1": "-1", "536870912": "536870912"} {
		a := newAppWith(t, evalText, map[string]string{"memory_limit": memory, "date.timezone": "Europe/Berlin", "error_reporting": "0", "max_execution_time": "7", "short_open_tag": "On"})
		got := a.ask(`return array(date_default_timezone_get(),error_reporting()===E_ALL,ini_get("max_execution_time"),ini_get("memory_limit"),umask(),
			is_resource(STDIN),is_resource(STDOUT),is_resource(STDERR),fgets(STDIN),feof(STDIN),ini_get("display_errors"));`)
		if got != `["UTC",true,"0","`+want+`",0,true,true,true,false,true,"0"]` {
			t.Errorf("%s: got %s", memory, got)
		}
	}
}

func TestWebEnvironment(t *testing.T) {
	a := newApp(t, evalText).with("HTTP_COOKIE", "login=anna", "QUERY_STRING", "room=7", "REQUEST_URI", "/chat?room=7", "HTTP_X_MINE", "ünï")
	if got := a.ask(`return array($_COOKIE["login"],$_GET["room"],$_SERVER["REQUEST_URI"],$_SERVER["HTTP_X_MINE"]);`); got != `["anna","7","\/chat?room=7","\u00fcn\u00ef"]` {
		t.Errorf("got %s", got)
	}
}

func TestSessions(t *testing.T) {
	sessions := publicDir(t)
	const count = `session_start(); $_SESSION["n"]=isset($_SESSION["n"])?$_SESSION["n"]+1:1; $id=session_id(); session_write_close(); send_text(12,$id." ".$_SESSION["n"]);`
	a := newAppWith(t, evalText, map[string]string{"session.save_path": sessions, "session.use_only_cookies": "0", "session.use_trans_sid": "1",
		"session.use_strict_mode": "0"}) // PHP 8.6 would change the id of a session that is not there yet
	a = a.with("HTTP_COOKIE", "PHPSESSID=abcdefghijklmnopqrstuvwxyz; OTHER=otherotherotherotherother1")
	for name, c := range map[string]struct{ code, want string }{
		"first thing":   {count, "abcdefghijklmnopqrstuvwxyz 1"},
		"after a send":  {`send_text(15,"before");` + count, "abcdefghijklmnopqrstuvwxyz 1"},
		"another name":  {`session_name("OTHER"); send_text(15,"before");` + count, "otherotherotherotherother1 1"},
		"printed links": {`send_text(15,"<a href='x.php'>x</a>");` + count + `send_text(15,"<a href='x.php'>x</a>");`, "abcdefghijklmnopqrstuvwxyz 1"},
	} {
		t.Run(name, func(t *testing.T) {
			runPHP(t, "-r", `array_map("unlink",glob($argv[1]."/sess_*"));`, sessions)
			effects := a.run(withTable(c.code))
			if got := show(effects); !strings.Contains(got, "send [12] "+c.want+"\n") || strings.Contains(got, "?PHPSESSID") {
				t.Errorf("got %s", got)
			}
			if lines := logged(effects); len(lines) > 0 {
				t.Errorf("logged %q", lines)
			}
			effects = a.run(withTable(c.code))
			if got := show(effects); !strings.Contains(got, strings.Replace(c.want, " 1", " 2", 1)) {
				t.Errorf("then %s", got)
			}
		})
	}
	hostile := a.with("HTTP_COOKIE", "PHPSESSID=../../etc/passwd")
	effects := hostile.run(withTable(`send_text(15,"before");` + count))
	if got := show(effects); strings.Contains(got, "etc") || !strings.Contains(got, " 1\n") {
		t.Errorf("got %s", got)
	}
	second := withTable(`return session_start() && session_id()==="abcdefghijklmnopqrstuvwxyz";`)
	second.Seq = 8
	want(t, a.run(withTable(`;`), second), "done {}", "send [12] true", "done {}")
}

func TestDescribe(t *testing.T) {
	const code = `
require "more.php";
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) {}
function ws_server_text(&$connections,&$connection,$msg) {}
function ws_server_binary() {}
function ws_server_other() {}
function Ws_Server_Open(&$connections,&$connection,$client_key) {}`
	a := newAppWith(t, code, nil)
	a.write(t, "app/more.php", "<?php function ws_server_fifo(&$server,&$sockets,&$connections,&$data) {}")
	conf := a.write(t, "conf", "WEBSOCKET_LOG_PATH=/nowhere/logs\n")
	describe := func(a *app) string {
		return string(a.run(&protocol.Event{Kind: protocol.Describe, Seq: 1})[0].Done.Result)
	}
	got := describe(a.with("settings", conf))
	for _, want := range []string{
		`"handlers":{"ws_server_fifo":{"params":4},"ws_server_authenticate":{"params":4},"ws_server_open":{"params":3},"ws_server_text":{"params":3},"ws_server_binary":{"params":0}}`,
		`"user":"` + workerUser(t) + `"`, `"php":"` + strings.TrimSpace(runPHP(t, "-r", "echo PHP_VERSION;")) + `"`,
		`"warnings":["WEBSOCKET_LOG_PATH \/nowhere\/logs cannot be written by user ` + workerUser(t) + `: show_message writes no daily file"]`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	empty := newAppWith(t, "", map[string]string{"opcache.enable": "0"})
	if got := describe(empty); !strings.Contains(got, `"handlers":{},`) || !strings.Contains(got, "opcache is off") {
		t.Errorf("got %s", got)
	}
}

func TestCodeChangesWithTheFiles(t *testing.T) {
	a := newApp(t, `require "more.php";`)
	a.write(t, "app/more.php", "<?php // one")
	code := func() string {
		effects := a.run(row(protocol.Text, "", "{}"))
		return strings.TrimSuffix(effects[0].Done.Code, "+")
	}
	first := code()
	if len(first) != 32 || code() != first {
		t.Errorf("got %q, then %q", first, code())
	}
	a.write(t, "app/more.php", "<?php // longer")
	if code() == first {
		t.Error("a changed file is not noticed")
	}
	a.write(t, "php/src/Description.php", "<?php")
	second := code()
	if code() != second {
		t.Error("ours are no files of the application")
	}
}

// A file that only a handler includes, and that defines a helper, is found before the handler runs and fails.
func TestHelperFilesOfHandlersAreYieldedTo(t *testing.T) {
	a := newApp(t, `function ws_server_text(&$connections,&$connection,$client_key,$msg) { require_once("late.php"); send_text($client_key,unix_to_iso_timestamp(0)); }`)
	late := a.write(t, "app/late.php", `<?php function unix_to_iso_timestamp($ts) { return "own"; }`)
	describe := func(a *app) (*protocol.Description, string) {
		t.Helper()
		done := a.run(&protocol.Event{Kind: protocol.Describe, Seq: 1})[0].Done
		d := &protocol.Description{}
		if err := json.Unmarshal(done.Result, d); err != nil {
			t.Fatal(err)
		}
		return d, strings.TrimSuffix(done.Code, "+")
	}
	if d, _ := describe(a); !slices.Equal(d.Yield, []string{"@" + late}) || !slices.Equal(d.Watch, []string{late}) {
		t.Errorf("got %+v", d)
	}
	ahead := a.with("yield", "@"+late)
	d, code := describe(ahead)
	effects := ahead.run(table(protocol.Text, "", three))
	want(t, effects, "send [12] own", "done {}")
	if got := effects[len(effects)-1].Done.Code; strings.TrimSuffix(got, "+") != code || len(d.Yield) > 0 {
		t.Errorf("described with code %s and %v, got %s", code, d.Yield, got)
	}
	a.write(t, "app/late.php", `<?php function unix_to_iso_timestamp($ts) { return "changed"; }`)
	if _, changed := describe(ahead); changed == code {
		t.Error("a change is not noticed")
	}
	a.write(t, "app/late.php", `<?php if (!function_exists("unix_to_iso_timestamp")) { function unix_to_iso_timestamp($ts) {} }`)
	if d, _ := describe(a); len(d.Yield) > 0 {
		t.Errorf("a definition for want of ours: got %v", d.Yield)
	}
}
