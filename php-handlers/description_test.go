package phphandlers

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

const head = `function ws_server_text(&$connections,&$connection,$client_key,$msg)`

func TestPeersAreThoseSentToByAnotherKey(t *testing.T) {
	a := newApp(t, "")
	for body, want := range map[string]bool{
		`send_text($client_key,$msg);`: false, `broadcast_to_all($msg);`: false, `do_reply($client_key,"x");`: false, `close_client($client_key);`: false,
		`send_text(3,$msg);`: true, `send_text($connection["to"],$msg);`: true, `do_reply((int)$client_key,"x");`: true, `say($client_key);`: true,
		`$client_key=3; send_text($client_key,$msg);`: true, `send_text($client_key,$msg); $client_key++;`: true, `$f="x"; $f();`: true,
		`array_map("send_text",array(3),array("x"));`: true, `eval($msg);`: true, `new Talker();`: true, `$connection["state"]="AWAY"; broadcast_to_all($msg);`: true,
	} {
		d := a.described(head + "{ " + body + " } function say($client_key) { send_text($client_key,1); } class Talker { function __construct() { send_text(1,2); } }")
		if got := d.Handlers["ws_server_text"].Peers; got != want {
			t.Errorf("%s: got %v", body, got)
		}
	}
	called := a.described(head + ` { send_text($client_key,$msg); } function ws_server_binary(&$a,&$b,$c,$d) { ws_server_text($a,$b,3,$d); }`)
	if !called.Handlers["ws_server_text"].Peers {
		t.Error("a handler that another calls may be given any key")
	}
}

func TestHandlersAreGivenTheirParametersByPosition(t *testing.T) {
	a := newApp(t, "")
	for code, want := range map[string][2]bool{ // whether it reaches the table, and the sockets
		`function ws_server_text(&$all,&$me,$key,$msg) { $all[$key]["x"]=$msg; }`:                               {false, false},
		`function ws_server_text(&$all,&$me,$msg) { $me["x"]=$msg; }`:                                           {false, false},
		`function ws_server_text(&$all,&$me,$msg) { $all[$msg]["x"]=1; }`:                                       {true, false},
		`function ws_server_text(&$me) { $me[1]["x"]=1; }`:                                                      {true, false},
		`function ws_server_text() { $connections=array(); foreach ($connections as $c) {} }`:                   {false, false},
		`function ws_server_text(...$all) { }`:                                                                  {true, true},
		`function ws_server_text($a,$b,...$c) { }`:                                                              {true, true},
		`function ws_server_text() { $x=func_get_arg(0); }`:                                                     {true, true},
		`function ws_server_open(&$all,&$me,$key) { $all[$key]["x"]=1; }`:                                       {false, false},
		`function ws_server_loop($a,$b,$c) { }`:                                                                 {false, false},
		`function ws_server_loop($a,$b,$c) { echo count($c); }`:                                                 {true, false},
		`function ws_server_loop($a,$b,$c) { fwrite($b[1],""); }`:                                               {true, true},
		`function ws_server_loop($a,$b,$c) { var_dump($a); }`:                                                   {true, true},
		`function ws_server_fifo($a,$b,$c,$d) { broadcast_to_all($d); }`:                                        {false, false},
		`function ws_server_authenticate(&$connections,$a,$b,$c) { $connections["x"]=$a; }`:                     {false, false},
		`function ws_server_before_close(&$all,&$connection) { $connection["x"]=1; }`:                           {false, false},
		`function ws_server_after_close(&$x) { echo count($x); }`:                                               {true, false},
		`function ws_server_initialize() { global $sockets; }`:                                                  {true, true},
		`class A { function ws_server_text($connections) { echo $connections; } } function ws_server_open() {}`: {false, false},
	} {
		for name, h := range a.described(code).Handlers {
			if got := [2]bool{h.Table != nil, h.Sockets != nil}; got != want {
				t.Errorf("%s: %s: got %v", code, name, got)
			}
		}
	}
}

// globalsOf returns the names of the globals that live, and "name: why" for those that do not.
func globalsOf(d *protocol.Description) (lives, not []string) {
	for name, g := range d.Globals {
		if g.Lives {
			lives = append(lives, name)
		} else {
			not = append(not, name+": "+g.Why)
		}
	}
	slices.Sort(lives)
	slices.Sort(not)
	return lives, not
}

func TestGlobalsThatLive(t *testing.T) {
	a := newApp(t, "")
	for _, row := range []struct {
		code  string
		lives string // names
		not   string // part of the reasons why others do not
	}{
		{head + ` { global $n; $n++; }`, "n", ""},
		{head + ` { global $n; echo $n; }`, "", ""},
		{`$n=1; ` + head + ` { echo $GLOBALS["n"]; $n=2; }`, "", ""},
		{head + ` { $GLOBALS["n"]=1; }`, "n", ""},
		{head + ` { global $a,$b; $a[$b]["x"][]=$msg; }`, "a", ""},
		{head + ` { count_it(); } function count_it() { global $cache; if (isset($cache[1])==False) { $cache[1]=2; } }`, "cache", ""},
		{head + ` { global $a,$b,$c,$d,$e,$f; list($a,$b)=$msg; foreach ($c as &$x) {} preg_match("/x/",$msg,$d); sort($e); unset($f); }`, "a b c d e f", ""},
		{head + ` { global $a,$b; foreach ($a as $x) {} array_push($b,1); echo count($a); }`, "b", ""},
		{head + ` {} function never() { global $n; $n=1; }`, "", "n: no handler calls what writes it"},
		{head + ` { global $db; if ($db===NULL) { $db=new PDO("x"); } $db->query("x"); }`, "", "db: holds a PDO object: each process makes its own"},
		{`$db=NULL; ` + head + ` { global $db; if (!$db) { $db=db(); } } function db() { $x=@mysqli_connect("x") or die("x"); return $x; }`, "", "db: holds what mysqli_connect() gives"},
		{head + ` { global $db; $db=Db::get(); } class Db { static function get() { if (1) { return false; } return new PDO("x"); } }`, "", "db: holds a PDO object"},
		{head + ` { global $log; $log=fopen("php://memory","w"); fwrite($log,"x"); }`, "", "log: holds what fopen() gives"},
		{`$log=fopen("php://memory","w"); ` + head + ` { global $log; $log=reopen(); } function reopen() { return $GLOBALS["log"]; }`, "", "log: holds a resource"},
		{head + ` { global $f; $f=function () { }; }`, "", "f: holds a Closure"},
		{`$db=array(); ` + head + ` { global $db; $db["a"]=new PDO("x"); }`, "", "db: holds a PDO object"},
		{head + ` { global $x; $x=new PDO("x"); $x=1; }`, "x", ""},
		{`class Box { public $n=0; } $box=new Box(); ` + head + ` { global $box; $copy=$box; $copy->n++; }`, "box", ""},
		{`class Box { public $n=0; } $boxes=array(new Box()); ` + head + ` { bump($GLOBALS["boxes"][0]); } function bump($box) { $box->n++; }`, "boxes", ""},
		{`class Box { } $boxes=array(); ` + head + ` { global $boxes; echo count($boxes); } function ws_server_open() { global $boxes; $boxes["a"]=box(); } function box() { return new Box(); }`, "boxes", ""},
		{`class Box { } $box=new Box(); $boxes=array(); ` + head + ` { global $boxes; echo count($boxes); } function ws_server_started() { global $box,$boxes; $boxes["a"]=$box; }`, "box boxes", ""},
		{`class Box { } $names=array("a"); $n=count($names); $list=$n>1 ? explode(",","a") : array(1,array($n)); ` + head + ` { global $names,$n,$list; echo $n; }`, "", ""},
		{`$config=json_decode("{}",True); ` + head + ` { global $config; echo $config["a"]; }`, "", ""},
		{`$config=json_decode("{}"); ` + head + ` { global $config; use_it($config); } function use_it($c) { $c->n=1; }`, "config", ""},
		{`$n=0; $book=array("n"=>&$n); ` + head + ` { global $n,$book; $book["n"]++; echo $n; }`, "book n", ""},
		{`$n=0; $m=&$n; ` + head + ` { global $n; echo $n; } function ws_server_open() { global $m; $m++; }`, "m n", ""},
		{`class Box { } $box=new Box(); $show=function () { bump($GLOBALS["box"]); }; function bump($b) { $b->n=1; } ` + head + ` { $GLOBALS["show"](); }`, "box", "show: holds a Closure object: each process makes its own"},
		{`class Box { public $n=0; } $box=new Box(); ` + head + ` { global $box; $box->n++; }`, "box", ""},
		{head + ` { global $box; if (!$box) { $box=new ArrayObject(); } }`, "box", ""},
		{`class Db { private $pdo; function __construct() { $this->pdo=new PDO("x"); } } ` + head + ` { global $db; $db=new Db(); }`, "", "db: holds a Db object with a PDO object"},
		{`class Log { private $f; function __construct() { $this->f=fopen("php://memory","a"); } } class Log2 extends Log {} $log=new Log2(); ` + head + ` { global $log; $log->w(); }`, "", "log: holds a Log2 object"},
		{`class Db { private $pdo; function q() { $this->pdo=new PDO("x"); } } $db=new Db(); ` + head + ` { global $db; $db->q(); }`, "db", ""},
		{`class Db { function __construct() { $this->pdo=new PDO("x"); } function __sleep() { return array(); } } ` + head + ` { global $db; $db=new Db(); }`, "db", ""},
		{`$n=0; $f=function () use (&$n) { $n++; }; ` + head + ` {}`, "n", ""},
		{`$n=0; $f=function () { $n=1; }; ` + head + ` {}`, "", ""},
		{head + ` { global $settings; echo $settings[0]; echo $_SERVER["x"]; $_SESSION["a"]=1; global $connections; $connections=1; }`, "", ""},
		{head + ` { global $settings; $settings[]="x"; }`, "settings", ""},
		{`$x=1; ` + head + ` { foreach ($GLOBALS as $k => $v) {} } function f() { global $x; echo $x; }`, "x", ""},
		{head + ` { global $x; extract($connection); echo $x; }`, "x", ""},
		{`class A { static $n; function f() { global $n; $n=1; A::$n=2; } } ` + head + ` { $connection["o"]->f(); }`, "n", ""},
		{head + ` { get()[]=1; } function &get() { global $list; return $list; }`, "list", ""},
		{head + ` { set($GLOBALS["x"]); } function set(&$v) { $v=1; }`, "x", ""},
	} {
		lives, not := globalsOf(a.described(row.code))
		if got := strings.Join(lives, " "); got != row.lives {
			t.Errorf("%s: lives %q", row.code, got)
		}
		if got := strings.Join(not, " "); !strings.Contains(got, row.not) || row.not == "" && got != "" {
			t.Errorf("%s: does not: %q", row.code, got)
		}
	}
}

func TestWritesOfInitializeCountWhenItRunsOnce(t *testing.T) {
	const code = `function ws_server_initialize() { load(); } function load() { global $config; $config=array(1); } ` + head + ` { global $config; echo $config[0]; }`
	a := newApp(t, "")
	lives, _ := globalsOf(a.described(code))
	if !slices.Equal(lives, []string{"config"}) {
		t.Errorf("once: %q", lives)
	}
	d := a.described(code, "initialize", "every")
	if lives, not := globalsOf(d); len(lives) > 0 || len(not) != 1 || !strings.Contains(not[0], "before any handler runs") {
		t.Errorf("every: %q, %q", lives, not)
	}
	if h := d.Handlers["ws_server_text"]; !slices.Equal(h.Reads, []string{"config"}) || h.Writes != nil {
		t.Errorf("got %s", toJSON(h))
	}
}

func TestWhatInitializeReachesBeforeEachEventAllHandlersReach(t *testing.T) {
	const code = head + ` {} function ws_server_initialize() { Table::$all=&$GLOBALS["connections"]; } class Table { static $all; }`
	a := newApp(t, "")
	if got := a.described(code).Handlers["ws_server_text"].Table; got != nil {
		t.Errorf("once: %s", toJSON(got))
	}
	got := a.described(code, "initialize", "every").Handlers["ws_server_text"].Table
	if got == nil || !strings.Contains(got.Why, `ws_server_initialize() uses $GLOBALS["connections"], before each event`) {
		t.Errorf("every: %s", toJSON(got))
	}
}

func TestGlobalsThatHandlersTouch(t *testing.T) {
	const code = `
function ws_server_open(&$connections,&$connection,$client_key) { global $a,$b; $a=$b; f(); }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { global $b; echo $b,$GLOBALS["never"]; template_fill("x"); }
function ws_server_binary(&$connections,&$connection,$client_key,$msg) { global $$msg; }
function ws_server_before_close(&$connections,&$connection) { close_client(1); }
function ws_server_after_close(&$connections) { f(); }
function f() { global $b,$c,$templates; $b=1; $c[]=2; $templates=array(); }`
	d := newApp(t, "").described(code)
	for name, want := range map[string]string{
		"ws_server_open": "[] [a b c templates]", "ws_server_text": "[b never templates] []", "ws_server_before_close": "[] [b c templates]",
		"ws_server_after_close": "[] [b c templates]",
	} {
		h := d.Handlers[name]
		if got := fmt.Sprint(h.Reads, h.Writes); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if any := d.Handlers["ws_server_binary"].AnyGlobal; any == nil || !strings.Contains(any.Why, "global by a name that is computed") {
		t.Errorf("got %s", toJSON(any))
	}
}

func TestLibrariesThatHandlersIncludeAreRead(t *testing.T) {
	a := newApp(t, "")
	library := a.write(t, "lib/library.php", "<?php\nnamespace Deep;\nif (!defined('DEEP')) { define('DEEP', 1); }\nfunction deep() { return 1; }\nclass Deep { function go() { } }\n")
	wide := a.write(t, "lib/wide.php", "<?php\nfunction wide() { global $connections; }\n")
	config := a.write(t, "lib/config.php", "<?php\nreturn array(\"a\"=>1);\n")
	script := a.write(t, "lib/script.php", "<?php\nfunction narrow() { }\n$connections = 1;\n")
	for body, want := range map[string]struct {
		why   string
		watch []string
	}{
		`require_once "` + library + `"; Deep\deep(); $d=new Deep\Deep(); $d->go();`:                {"", []string{library}},
		`include(dirname(__FILE__)."/../../lib/library.php");`:                                      {"", []string{library}},
		`include_once __DIR__."/../../lib/library.php";`:                                            {"", []string{library}},
		`require dirname(dirname(__DIR__)).DIRECTORY_SEPARATOR."lib/library.php";`:                  {"", []string{library}},
		`require("../../lib/library.php");`:                                                         {"", []string{library}},
		`require_once "` + wide + `"; wide();`:                                                      {"wide() uses global $connections", []string{wide}},
		`require_once "` + script + `"; narrow();`:                                                  {"includes script.php, which does more than declare", nil},
		`$config=require __DIR__."/../../lib/config.php"; echo $config["a"];`:                       {"", []string{config}},
		`define("LIB",__DIR__."/../../lib/"); require LIB."library.php";`:                           {"", []string{library}},
		`define("LIB",__DIR__."/../../lib/"); define("LIB","x"); require LIB."library.php";`:        {"includes a file whose name cannot be told", nil},
		`define("LIB",$msg); require LIB."library.php";`:                                            {"includes a file whose name cannot be told", nil},
		`require_once "` + library + `x";`:                                                          {"includes a file whose name cannot be told", nil},
		`$x="` + library + `"; require $x;`:                                                         {"includes a file whose name cannot be told", nil},
		`require "` + library + `".$msg;`:                                                           {"includes a file whose name cannot be told", nil},
		`if (1) { } } require_once "` + script + `"; function x() { require_once "` + script + `";`: {"code outside of functions uses $connections", nil},
	} {
		d := a.described(head + "{ " + body + " }")
		cause := d.Handlers["ws_server_text"].Table
		if (cause == nil) != (want.why == "") || cause != nil && !strings.Contains(cause.Why, want.why) || !slices.Equal(d.Watch, want.watch) {
			t.Errorf("%s: got %s, watch %q", body, toJSON(cause), d.Watch)
		}
	}
}

func TestClassesAreLoadedToBeRead(t *testing.T) {
	a := newApp(t, "")
	quiet := a.write(t, "classes/Quiet.php", "<?php class Quiet extends Base { static $n; }")
	base := a.write(t, "classes/Base.php", "<?php abstract class Base { function __construct() { } function go() { } }")
	loud := a.write(t, "classes/Loud.php", "<?php class Loud { static function go() { global $connections; } }")
	for _, loader := range []string{
		`spl_autoload_register(function ($c) { $f=__DIR__."/../../classes/$c.php"; if (is_file($f)) { require $f; } });`,
		`function load($c) { if (is_file(__DIR__."/../../classes/".$c.".php")) { include __DIR__."/../../classes/".$c.".php"; } } spl_autoload_register("load");`,
		`class L { static function load($c) { @include __DIR__."/../../classes/".$c.".php"; } } spl_autoload_register(array("L","load"));`,
	} {
		for body, want := range map[string]struct {
			why   string
			watch []string
		}{
			`$q=new Quiet(); $q->go();`:              {"", []string{quiet, base}},
			`echo Quiet::$n;`:                        {"", []string{quiet, base}},
			`Loud::go();`:                            {"Loud::go() uses global $connections", []string{loud}},
			`array_map(array("Loud","go"),array());`: {"Loud::go() uses global $connections", []string{loud}},
			`call_user_func("Loud::go");`:            {"Loud::go() uses global $connections", []string{loud}},
			`Missing::go();`:                         {"uses class Missing, which does not exist", nil},
			`$x=unserialize($msg);`:                  {"calls unserialize(), which may load classes", nil},
			`class_exists($msg);`:                    {"which could be any class, to class_exists()", nil},
			`if ($msg instanceof Loud) { }`:          {"", nil},
			`$x=Loud::class;`:                        {"", []string{loud}},
		} {
			d := a.described(loader + head + "{ " + body + " }")
			cause := d.Handlers["ws_server_text"].Table
			if (cause == nil) != (want.why == "") || cause != nil && !strings.Contains(cause.Why, want.why) || !sameFiles(d.Watch, want.watch) {
				t.Errorf("%s %s: got %s, watch %q", loader, body, toJSON(cause), d.Watch)
			}
		}
	}
}

func sameFiles(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func TestStaticVariablesAreTold(t *testing.T) {
	a := newApp(t, "")
	const statics = ` { static $n=0,$o; A::set(); } class A { static $x; static function set() { self::$x=1; } } function never() { static $m; }`
	for code, want := range map[string]string{
		head + statics: "static variable $n of ws_server_text() starts anew in each event, static variable $o of ws_server_text() starts anew in each event, " +
			"static property A::$x starts anew in each event",
		head + ` { echo A::$x; A::f(); } class A { static $x=1; static function f() {} }`: "",
	} {
		var got []string
		for _, s := range a.described(code).Statics {
			got = append(got, s.Why)
			if s.Line != 2 || s.File == "" {
				t.Errorf("%s: no place in %s", code, toJSON(s))
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: got %q", code, got)
		}
	}
}

func TestLoadingAClassMayEndPHP(t *testing.T) {
	a := newApp(t, "")
	a.write(t, "classes/Broken.php", "<?php class Broken extends ArrayObject { function offsetGet($a,$b,$c) {} }")
	const handlers = head + ` { global $n; $n++; if ($msg=="never") { new Broken(); } }`
	for _, loader := range []string{
		`spl_autoload_register(function ($c) { exit; });`,
		`spl_autoload_register(function ($c) { require __DIR__."/../../classes/$c.php"; });`,
	} {
		i := a.inspected(loader + handlers)
		h := i.Handlers["ws_server_text"]
		if h.Params != 4 || h.Table == nil || !strings.Contains(h.Table.Why, "PHP ended while the classes were loaded") || h.Sockets == nil || h.AnyGlobal == nil || !h.Peers {
			t.Errorf("got %s", toJSON(i))
		}
		if d := a.described(loader + handlers); toJSON(d.Handlers) == "{}" || len(d.Watch) != strings.Count(loader, "require") {
			t.Errorf("got %s", toJSON(d))
		}
	}
}

func TestWhatIsWatchedHasTheFingerprintOfTheDescription(t *testing.T) {
	a := newApp(t, head+` { require_once "first.php"; A::make(); new Z(); require_once "last.php"; }
spl_autoload_register(function ($c) { require __DIR__."/classes/$c.php"; });`)
	for name, code := range map[string]string{"first": "function first() {}", "last": "function last() {}", "classes/A": "class A extends B { static function make() {} }",
		"classes/B": "class B {}", "classes/Z": "class Z {}"} {
		a.write(t, "app/"+name+".php", "<?php "+code)
	}
	effects := a.run(&protocol.Event{Kind: protocol.Describe, Seq: 1})
	done := effects[len(effects)-1].Done
	var d protocol.Description
	if err := json.Unmarshal(done.Result, &d); err != nil || len(d.Watch) != 5 {
		t.Fatalf("%v, watch %q %s", err, d.Watch, show(effects))
	}
	effects = a.with("watch", strings.Join(d.Watch, ",")).run(row(protocol.Text, "x", "{}"))
	if got := effects[len(effects)-1].Done; got == nil || strings.TrimSuffix(got.Code, "+") != strings.TrimSuffix(done.Code, "+") {
		t.Errorf("got %s, want code %s", show(effects), done.Code)
	}
}
