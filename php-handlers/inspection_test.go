package phphandlers

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func (a *app) inspected(code string, params ...string) *protocol.Inspection {
	a.t.Helper()
	i := &protocol.Inspection{}
	a.asked(protocol.Inspect, code, i, params...)
	return i
}

// authenticates is a handler whose absence would be a finding.
const authenticates = "function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }\n"

// findings returns each finding as "line level kind: message". Lines count from the one after authenticates.
func findings(i *protocol.Inspection) (lines []string) {
	for _, f := range i.Findings {
		lines = append(lines, fmt.Sprintf("%d %s %s: %s", f.Line-2, f.Level, f.Kind, f.Message))
	}
	return lines
}

func TestFindings(t *testing.T) {
	a := newApp(t, "")
	settings := a.write(t, "conf", "WEBSOCKET_ENABLE=1\nDB_HOST=localhost\n")
	for code, want := range map[string]string{ // texts of the findings, in order, separated by newlines
		head + "\n{ exit; }":                                                 "2 warning exit: exit ends its event only",
		`if (PHP_VERSION_ID<5) { die("x"); }`:                                "1 warning exit: die outside of functions ends every event",
		head + ` { $x=fgets(STDIN); fwrite(STDERR,"x"); $y="php://stdin"; }`: "1 warning stdin: STDIN is empty\n1 warning stdin: php://stdin is empty",
		head + ` { pcntl_fork(); posix_kill(1,9); posix_getpid(); }`:         "1 error function: pcntl_fork() does not exist: php-fpm comes without pcntl\n1 warning pcntl: posix_kill()",
		`if (php_sapi_name()!="cli") { } if (PHP_SAPI=="x") { }`:             "1 warning sapi: PHP_SAPI is\n1 warning sapi: php_sapi_name() is",
		`$x=isset($argv); ` + head + ` { $argv=1; echo $argv; $x=$_SERVER["argc"]; $_SERVER["REMOTE_ADDR"]; getopt("a"); }`: "1 warning argv: argc is empty: there is no command line\n1 warning argv: argv is empty\n1 warning argv: getopt() finds nothing",
		head + ` { sleep(1); }`: "1 note sleep: sleep() holds a worker while it waits",
		head + ` { nap(); foreach ($connections as $c) {} } function nap() { usleep(1); }`:     "1 warning sleep: usleep() holds a worker, and everybody waits",
		head + ` { session_start(); $_SESSION["a"]=1; }`:                                       "1 warning session: session_start() without session_write_close() in ws_server_text()",
		head + ` { session_start(); $_SESSION["a"]=1; session_write_close(); }`:                "",
		head + ` { session_start(array("read_and_close"=>True)); }`:                            "",
		head + ` { set_time_limit(5); ini_set("memory_limit","1G"); ini_set("precision",3); }`: "1 note limit: memory_limit is set\n1 note limit: set_time_limit()",
		head + ` { echo DB_HOST; }`:                                                                                              "",
		head + ` { echo DB_NAME,\DB_NAME2; }`:                                                                                    "1 error constant: constant DB_NAME is neither defined nor in the settings file\n1 error constant: constant DB_NAME2 is",
		head + ` { if (defined("DB_NAME")==True) { echo DB_NAME; } }`:                                                            "",
		head + ` { $x=$msg?CHAT_A:CHAT_B; } define("CHAT_A",1);`:                                                                 "1 error constant: constant CHAT_B is",
		head + ` { f(); echo F_X; } function f() { define("F_X",1); }`:                                                           "",
		head + ` { $x=array(CURLOPT_URL=>1); $y[MYSQLI_ASSOC]=2; }`:                                                              "1 error constant: constant CURLOPT_URL is not defined: PHP's extension curl is missing\n1 error constant: constant MYSQLI_ASSOC",
		head + ` { office($msg); }`:                                                                                              "1 error function: office() does not exist",
		head + ` { mysql_query("x"); each($msg); split(",",$msg); create_function("",""); }`:                                     "1 error function: create_function() was removed in PHP 8\n1 error function: each() was removed in PHP 8\n1 error function: mysql_query() was removed in PHP 7 with its extension\n1 error function: split() was removed in PHP 7",
		head + ` { imap_open("a","b","c"); imagecreate(1,1); }`:                                                                  "1 error function: imagecreate() does not exist: PHP's extension gd is missing\n1 error function: imap_open() does not exist: PHP's extension imap",
		head + ` { session_check(); bcast(); image_upload(); msg_get_queue(1); }`:                                                "1 error function: bcast() does not exist\n1 error function: image_upload() does not exist\n1 error function: session_check() does not exist",
		head + ` { if (function_exists("office")) { office(); } $x->office(); X::office2(); }`:                                   "1 error class: class X does not exist",
		head + ` { new Office(); new SoapClient("x"); Office\A::b(); }`:                                                          "1 error class: class Office does not exist\n1 error class: class Office\\A does not exist\n1 error class: class SoapClient does not exist: PHP's extension soap is missing",
		head + ` { if (class_exists("Office")) { new Office(); } }`:                                                              "",
		head + ` { static $n=0,$m=array(1,2); $n++; }`:                                                                           "1 warning static: static variable $m of ws_server_text()\n1 warning static: static variable $n of",
		head + ` { A::$n=1; echo A::$m; A::f(); A::$n++; } class A { static $n,$m=1,$o; static function f() { self::$o[]=1; } }`: "1 warning static: static property A::$n starts anew\n1 warning static: static property A::$o",
		head + ` { global $db; if (!$db) { $db=new PDO("x"); } }`:                                                                "1 note global: global $db holds a PDO object: each process makes its own",
		head + ` { global $db; $db->query("x"); } function ws_server_started($a,$b,$c) { global $db; $db=new PDO("x"); }`:        "1 warning global: global $db holds a PDO object: each process makes its own; ws_server_text() uses it, and does not",
		head + ` { global $sockets; foreach ($sockets as $k => $s) { fwrite($s,"x"); fread($s,1); } fclose($sockets[1]); }`:      "1 error sockets: fread() of $s cannot work\n1 note sockets: fwrite() to $s works\n1 warning sockets: fclose() of $sockets closes no client",
		`function ws_server_loop($a,$all,$c) { $r=$all; stream_select($r,$w,$e,0); stream_set_blocking($a,0); fwrite($c,"x"); }`: "1 error sockets: stream_select() of $r cannot work\n1 warning sockets: stream_set_blocking() of $a does nothing",
		head + ` { $f=fopen("/dev/null","w"); fwrite($f,"x"); fread($f,1); fclose($f); }`:                                        "",
		`function ws_server_open($a,$b,$c,$d) {}`:                                                                                "1 error arity: ws_server_open() needs 4 parameters, and is given 3",
		`function ws_server_open($a,$b,$c,$d=1) {}`:                                                                              "",
		`namespace A { use B\C, D\E as F; use function G\i; interface I extends \Countable {} abstract class K implements \Countable, I { const L=1, M=self::L; public ?C $n=null; abstract function o(C $p, ?F $q=null): ?C; function r() { label: goto label; try {} catch (\Exception $e) {} return fn(C|F $x): C => $x instanceof C; } function count(): int { return namespace\h(x: 1); } } enum S: string { case T="x"; } function h(int|string $x, F ...$y): ?F { $z=function (C $a) use ($x): C { return $a; }; switch ($x) { case \PHP_EOL: default: return null; } } }`: "",
	} {
		if strings.HasPrefix(code, "namespace") {
			code += "\n" + `namespace { ` + authenticates + "}"
		} else {
			code = authenticates + code
		}
		got := findings(a.inspected(code, "WSBRIDGE_SETTINGS_FILE", settings))
		slices.Sort(got)
		lines := strings.Split(want, "\n")
		if want == "" {
			lines = nil
		}
		match := len(got) == len(lines)
		for i := range lines {
			match = match && strings.HasPrefix(got[i], lines[i])
		}
		if !match {
			t.Errorf("%s:\ngot\n%s\nwant\n%s", code, strings.Join(got, "\n"), want)
		}
	}
}

func TestInspection(t *testing.T) {
	const code = `
require "more.php";
function ws_server_initialize() { global $templates; $templates=load_files("."); }
` + head + ` { global $n; $n++; require_once __DIR__."/late.php"; }
class A { function b() {} static function c() {} }`
	a := newApp(t, "")
	more := a.write(t, "app/inspected/more.php", "<?php function more() {}")
	late := a.write(t, "app/inspected/late.php", "<?php function late() {}")
	file := a.write(t, "app/inspected/push_server_events.php", "<?php"+code)
	var i protocol.Inspection
	a.asked(protocol.Inspect, "chdir("+`"`+a.path("app/inspected")+`"); include "`+file+`";`, &i)
	if got := i.Files; len(got) != 4 || !slices.Contains(got, more) || !slices.Contains(got, late) || !slices.Contains(got, file) {
		t.Errorf("files: %q", got)
	}
	if i.Functions != 6 || !slices.Equal(i.Fills, []string{"templates"}) || !slices.Equal(i.Watch, []string{late}) {
		t.Errorf("%d functions, fills %q, watch %q", i.Functions, i.Fills, i.Watch)
	}
	if i.PHP == "" || i.Handlers["ws_server_text"].Params != 4 || !i.Globals["n"].Lives {
		t.Errorf("no description in %s", toJSON(i))
	}
	want := []protocol.Finding{{Level: protocol.LevelError, Kind: "authenticate", Message: "there is no ws_server_authenticate(): every client is refused"}}
	if !slices.Equal(i.Findings, want) {
		t.Errorf("found %s", toJSON(i.Findings))
	}
}

func TestFindingsAreSortedAndBounded(t *testing.T) {
	a := newApp(t, "")
	i := a.inspected(authenticates + head + " {\n" + strings.Repeat("if ($msg) { missing(); missing(); sleep(1); }\n", 300) + "}")
	if n := len(i.Findings); n != 501 || i.Findings[500].Message != "there are 100 more findings" || i.Findings[500].Level != protocol.LevelError {
		t.Fatalf("%d findings, the last %s", n, toJSON(i.Findings[n-1]))
	}
	if !slices.IsSortedFunc(i.Findings[:500], func(a, b protocol.Finding) int { return a.Line - b.Line }) {
		t.Error("not sorted")
	}
}

func TestDemoIsInspected(t *testing.T) {
	demo, err := files.ReadFile(DemoEvents)
	if err != nil {
		t.Fatal(err)
	}
	i := newApp(t, "").inspected(strings.TrimPrefix(string(demo), "<?php\n"))
	if len(i.Findings) > 0 || len(i.Globals) > 0 || i.Handlers["ws_server_authenticate"].Table != nil {
		t.Errorf("got %s", toJSON(i))
	}
	for _, name := range []string{"ws_server_open", "ws_server_text", "ws_server_fifo", "ws_server_before_close", "ws_server_after_close"} {
		if h := i.Handlers[name]; h.Table == nil || h.Table.Why != "uses $connections" || h.Sockets != nil || !h.Peers {
			t.Errorf("%s: %s", name, toJSON(h))
		}
	}
}

func TestSourcesThatAreNotUTF8AreDescribed(t *testing.T) {
	a := newApp(t, "")
	i := a.inspected(head + " { global $gr\xf6\xdfe; $gr\xf6\xdfe++; gr\xfcn(); $f=\"\xe4\"; $f\xe4(); }")
	if h := i.Handlers["ws_server_text"]; h.Table == nil || !slices.Equal(h.Writes, []string{"\x00b64:Z3L232U="}) {
		t.Errorf("got %s", toJSON(i))
	}
}
