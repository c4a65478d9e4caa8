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
	needsVersion(t, samplesFrom, "what PHP knows and lacks depends on its version")
	a := newApp(t, "")
	settings := a.write(t, "conf", "WEBSOCKET_ENABLE=1\nDB_HOST=localhost\nDB_DSN=sqlite:/srv/chat.db\n")
	minor := phpMinor(t)
	for code, want := range map[string]string{ // texts of the findings, in order, separated by newlines
		head + "\n{ exit; }":                                                 "2 warning exit: exit ends its event only",
		`if (PHP_VERSION_ID<5) { die("x"); }`:                                "1 warning exit: die outside of functions ends every event",
		head + ` { $x=fgets(STDIN); fwrite(STDERR,"x"); $y="php://stdin"; }`: "1 warning stdin: STDIN is empty\n1 warning stdin: php://stdin is empty",
		head + ` { pcntl_fork(); posix_kill(1,9); posix_getpid(); }`:         "1 error function: pcntl_fork() does not exist: php-fpm comes without pcntl\n1 warning pcntl: posix_kill()",
		`if (php_sapi_name()!="cli") { } if (PHP_SAPI=="x") { }`:             "1 warning sapi: PHP_SAPI is\n1 warning sapi: php_sapi_name() is",
		`$x=isset($argv); ` + head + ` { $argv=1; echo $argv; $x=$_SERVER["argc"]; $_SERVER["REMOTE_ADDR"]; getopt("a"); }`: "1 warning argv: argc is empty: there is no command line\n1 warning argv: argv is empty\n1 warning argv: getopt() finds nothing",
		head + ` { fastcgi_finish_request(); $x->fastcgi_finish_request(); }`:                                               "1 warning finish: fastcgi_finish_request() ends the answer",
		head + ` { sleep(1); }`: "1 note sleep: sleep() holds a worker while it waits",
		head + ` { nap(); foreach ($connections as $c) {} } function nap() { usleep(1); }`:     "1 warning sleep: usleep() holds a worker, and everybody waits",
		head + ` { session_start(); $_SESSION["a"]=1; }`:                                       "1 warning session: session_start() without session_write_close() in ws_server_text()",
		head + ` { session_start(); $_SESSION["a"]=1; session_write_close(); }`:                "",
		head + ` { session_start(array("read_and_close"=>True)); }`:                            "",
		head + ` { set_time_limit(5); ini_set("memory_limit","1G"); ini_set("precision",3); }`: "1 note limit: memory_limit is set\n1 note limit: set_time_limit()\n1 note process: what ini_set() changes lasts",
		head + ` { echo DB_HOST; }`:                                                        "",
		head + ` { echo DB_NAME,\DB_NAME2; }`:                                              "1 error constant: constant DB_NAME is neither defined nor in the settings file\n1 error constant: constant DB_NAME2 is",
		head + ` { if (defined("DB_NAME")==True) { echo DB_NAME; } }`:                      "",
		head + ` { $x=$msg?CHAT_A:CHAT_B; } define("CHAT_A",1);`:                           "1 error constant: constant CHAT_B is",
		head + ` { global $secret; echo $secret; } $secret=uniqid(); $never=uniqid();`:     "",
		head + ` { global $list; echo $list[0]; } $list=array(str_repeat(uniqid(),9999));`: "1 warning filescope: $list may have another value in each event",
		head + ` { echo BOOT; } define("BOOT",time()); define("NAME","x");`:                "1 warning filescope: constant BOOT may have another value in each event",
		head + ` { } register_shutdown_function("strlen","x");`:                            "1 warning end: what register_shutdown_function() registers runs at the end of each event",
		head + ` { } class Chat { function __destruct() { } } $chat=new Chat();`:           "1 warning end: Chat::__destruct() runs at the end of each event",
		head + ` { global $chat; $chat->n++; } class Chat { public $n=0; private $f; function __construct() { $this->f=tmpfile(); } } $chat=new Chat();`:                           "1 warning global: global $chat holds a Chat object with what tmpfile() gives: each process makes its own; what else is in it starts anew",
		head + ` { global $state; $state["n"]++; } $state=array("log"=>tmpfile(),"n"=>0);`:                                                                                         "1 warning global: global $state holds a resource: each process makes its own; what else is in it starts anew",
		head + ` { global $s; $s->execute(); } function ws_server_initialize() { global $s; $db=new PDO(getenv("DB")); $s=$db->prepare("select 1"); }`:                             "1 warning global: global $s holds what prepare() gives: each process makes its own; ws_server_text() uses it, and does not make it",
		head + ` { global $users; $users[$msg]=&$connection; }`:                                                                                                                    "1 error reference: ws_server_text() keeps a reference to rows",
		head + ` { keep($connections); } function keep(&$rows) { $GLOBALS["table"]=&$rows; }`:                                                                                      "1 error reference: keep() keeps a reference to rows",
		head + ` { Table::$rows=&$connections; } class Table { static $rows; }`:                                                                                                    "1 error reference: ws_server_text() keeps a reference to rows\n1 warning static: static property Table::$rows starts anew",
		head + ` { $t=new Table($connections); } class Table { private $rows; function __construct(&$rows) { $this->rows=&$rows; } }`:                                              "1 warning reference: Table::__construct() keeps a reference to rows",
		head + ` { $row=&$connections[$client_key]; foreach ($connections as &$c) { $c["n"]=1; } $row["x"]=array_map(function ($x) use (&$connection) { return $x; },array(1)); }`: "",
		head + ` { global $room; $connection["room"]=$room; $connection["own"]=new Room(); $connection["name"]=$msg; } class Room { } $room=new Room();`:                           "1 warning shared: ws_server_text() gives a row an object that other variables hold",
		head + ` { $connection["room"]=room("x"); } function room($name) { global $rooms; return $rooms[$name]; } class Room { } $rooms=array("x"=>new Room());`:                   "1 warning shared: ws_server_text() gives a row an object",
		head + ` { } file_put_contents("/dev/null",""); mkdir_once(); function mkdir_once() { @mkdir("/tmp"); }`:                                                                   "1 warning start: code outside of functions writes to a file in each event",
		head + ` { $db=new PDO("x"); $db->exec("INSERT INTO t VALUES (1)"); } $n=file_get_contents(__FILE__);`:                                                                     "",
		head + ` { putenv("A=1"); eval($msg); } putenv("A=2");`:                                                                                                                    "1 note process: what eval changes lasts\n1 note process: what putenv() changes",
		head + ` { f(); echo F_X; } function f() { define("F_X",1); }`:                                                                                                             "1 note process: what define() changes lasts",
		head + ` { $x=array(CURLOPT_URL=>1); $y[MYSQLI_ASSOC]=2; }`:                                                                                                                "1 error constant: constant CURLOPT_URL is not defined: PHP's extension curl is missing\n1 error constant: constant MYSQLI_ASSOC",
		head + ` { office($msg); }`: "1 error function: office() does not exist",
		head + ` { mysql_query("x"); each($msg); split(",",$msg); create_function("",""); }`: "1 error function: create_function() was removed in PHP 8\n1 error function: each() was removed in PHP 8\n1 error function: mysql_query() was removed in PHP 7 with its extension\n1 error function: split() was removed in PHP 7",
		head + ` { new PDO("mysql:host=".DB_HOST); $dsn="pgsql:host=$msg"; new PDO(DB_DSN); } // mysql:host=`: "1 error extension: PDO cannot open mysql:: PHP's extension pdo_mysql is missing (Debian: php" + minor + "-mysql)\n" +
			"1 error extension: PDO cannot open pgsql:: PHP's extension pdo_pgsql is missing (Debian: php" + minor + "-pgsql)\n" +
			"1 error extension: PDO cannot open what DB_DSN names, a database of sqlite: PHP's extension pdo_sqlite is missing (Debian: php" + minor + "-sqlite3)",
		head + ` { $x="mysql:host=x"; echo "mysql: gone"; }`:                                                                     "",
		head + ` { new PDO($msg,1,2,array(PDO::MYSQL_ATTR_INIT_COMMAND=>1,PDO::ATTR_ERRMODE=>1)); }`:                             "1 error constant: constant PDO::MYSQL_ATTR_INIT_COMMAND is not defined: PHP's extension pdo_mysql is missing (Debian: php" + minor + "-mysql)",
		head + ` { mb_strlen(1); datefmt_create(1); finfo_file(1); }`:                                                            "1 error function: datefmt_create() does not exist: PHP's extension intl is missing (Debian: php" + minor + "-intl)\n1 error function: mb_strlen() does not exist: PHP's extension mbstring is missing (Debian: php" + minor + "-mbstring)",
		head + ` { imap_open("a","b","c"); imagecreate(1,1); }`:                                                                  "1 error function: imagecreate() does not exist: PHP's extension gd is missing\n1 error function: imap_open() does not exist: PHP's extension imap",
		head + ` { session_check(); bcast(); image_upload(); msg_get_queue(1); }`:                                                "1 error function: bcast() does not exist\n1 error function: image_upload() does not exist\n1 error function: session_check() does not exist",
		head + ` { if (function_exists("office")) { office(); } $x->office(); X::office2(); }`:                                   "1 error class: class X does not exist",
		head + ` { new Office(); new SoapClient("x"); Office\A::b(); }`:                                                          "1 error class: class Office does not exist\n1 error class: class Office\\A does not exist\n1 error class: class SoapClient does not exist: PHP's extension soap is missing",
		head + ` { if (class_exists("Office")) { new Office(); } }`:                                                              "",
		head + ` { static $n=0,$m=array(1,2); $n++; }`:                                                                           "1 warning static: static variable $m of ws_server_text()\n1 warning static: static variable $n of",
		head + ` { A::$n=1; echo A::$m; A::f(); A::$n++; } class A { static $n,$m=1,$o; static function f() { self::$o[]=1; } }`: "1 warning static: static property A::$n starts anew\n1 warning static: static property A::$o",
		head + ` { global $db; if (!$db) { $db=new PDO("x"); } }`:                                                                "1 note global: global $db holds a PDO object: each process makes its own",
		head + ` { global $db; $db->query("x"); } function ws_server_started($a,$b,$c) { global $db; $db=new PDO("x"); }`:        "1 warning global: global $db holds a PDO object: each process makes its own; ws_server_text() uses it, and does not make it",
		head + ` { global $sockets; foreach ($sockets as $k => $s) { fwrite($s,"x"); fread($s,1); } fclose($sockets[1]); }`:      "1 error sockets: fread() of $s cannot work\n1 note sockets: fwrite() to $s works\n1 warning sockets: fclose() of $sockets closes no client",
		`function ws_server_loop($a,$all,$c) { $r=$all; stream_select($r,$w,$e,0); stream_set_blocking($a,0); fwrite($c,"x"); }`: "1 error sockets: stream_select() of $r cannot work\n1 warning sockets: stream_set_blocking() of $a does nothing",
		head + ` { $f=fopen("/dev/null","w"); fwrite($f,"x"); fread($f,1); fclose($f); }`:                                        "",
		`function ws_server_open($a,$b,$c,$d) {}`:                                                                                "1 error arity: ws_server_open() needs 4 parameters, and is given 3",
		`function ws_server_close($a,$b) {} function ws_server_befor_close($a,$b) {} function ws_server_txt($a) {} function ws_server_helper() {} function ws_server_used() {} ws_server_used(); function ws_sever_text() {} function ws_helper() {} function ws_process_out() {} function ws_process_eof(&$h) {} class T { function ws_server_x() {} }`: "1 warning handler: ws_process_out() is never called: no handler has this name; did you mean ws_process_stdout()?\n" +
			"1 warning handler: ws_server_befor_close() is never called: no handler has this name; did you mean ws_server_before_close()?\n" +
			"1 warning handler: ws_server_close() is never called: no handler has this name; did you mean ws_server_before_close() or ws_server_after_close()?\n" +
			"1 warning handler: ws_server_helper() is never called: no handler has this name\n" +
			"1 warning handler: ws_server_txt() is never called: no handler has this name; did you mean ws_server_text()?\n" +
			"1 warning handler: ws_sever_text() is never called: no handler has this name; did you mean ws_server_text()?",
		`function ws_server_text($client_key,$msg) {} function ws_server_fifo($data) {}`:                                     "1 warning arity: ws_server_fifo() does not get its data: it has 1 parameter, and is called with ($server, $sockets, $connections, $data)\n1 warning arity: ws_server_text() does not get its data: it has 2 parameters, and is called with ($connections, $connection, $client_key, $msg)",
		`function ws_server_text($a) { $x=func_get_args(); } function ws_server_fifo() {} function ws_server_read(...$a) {}`: "",
		`namespace App { function ws_server_text($a,$b,$c,$d) {} }`:                                                          "0 warning handler: App\\ws_server_text() is never called: handlers are in no namespace",
		`function ws_server_open($a,$b,$c,$d=1) {}`:                                                                          "",
		`namespace A { use B\C, D\E as F; use function G\i; interface I extends \Countable {} abstract class K implements \Countable, I { const L=1, M=self::L; public ?C $n=null; abstract function o(C $p, ?F $q=null): ?C; function r() { label: goto label; try {} catch (\Exception $e) {} return fn(C|F $x): C => $x instanceof C; } function count(): int { return namespace\h(x: 1); } } enum S: string { case T="x"; } function h(int|string $x, F ...$y): ?F { $z=function (C $a) use ($x): C { return $a; }; switch ($x) { case \PHP_EOL: default: return null; } } }`: "",
	} {
		if strings.HasPrefix(code, "namespace") {
			code += "\n" + `namespace { ` + authenticates + "}"
		} else {
			code = authenticates + code
		}
		got := findings(a.inspected(code, "settings", settings))
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

// phpMinor returns the version of the PHP under test as Debian names its packages: 8.2.
func phpMinor(t *testing.T) string {
	i := newApp(t, "").inspected(authenticates)
	parts := strings.SplitN(i.PHP, ".", 3)
	return parts[0] + "." + parts[1]
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

func TestFindingsNameWhatResidentWorkersKeep(t *testing.T) {
	needsVersion(t, samplesFrom, "what PHP knows and lacks depends on its version")
	i := newApp(t, "").inspected(authenticates + head + ` { static $n; $n++; A::$m=1; global $db,$secret; if (!$db) { $db=new PDO("x"); } echo $secret;
putenv("A=1"); sleep(1); ini_set("memory_limit","1G"); set_time_limit(1); exit; } class A { static $m; } $secret=uniqid();`)
	var kept []string
	for _, f := range i.Findings {
		if f.Kept != "" {
			kept = append(kept, f.Kind+" "+f.Kept)
		}
	}
	slices.Sort(kept)
	want := []string{"global global $db", "limit memory_limit", "process what ini_set() changes", "process what putenv() changes",
		"static static property A::$m", "static static variable $n of ws_server_text()"}
	if !slices.Equal(kept, want) {
		t.Errorf("got %q", kept)
	}
}
