package phphandlers

import (
	"strings"
	"testing"
)

// Each body is that of a handler. The second text is a part of why it needs the one process; empty: any process can run it.
func TestHandlersThatNeedTheOneProcess(t *testing.T) {
	a := newApp(t, "")
	for code, why := range map[string]string{
		head + ` { $connection["n"]=1; send_text($client_key,$msg); }`: "",

		// static variables
		head + ` { static $n=0; $n++; }`: "keeps static variable $n of ws_server_text()",
		head + ` { f(); } function f() { static $c=array(); if (!isset($c[1])) { $c[1]=2; } return $c[1]; }`: "f() keeps static variable $c of f()",
		head + ` { static $words=array("a"=>"b"); echo $words[$msg]; }`:                                      "",
		head + ` { static $n,$m=1; echo $n,$m; }`:                                                            "",
		head + ` { static $n; $x=&$n; }`:                                                                     "keeps static variable $n",
		head + ` { static $o; if (!$o) { $o=new ArrayObject(); } }`:                                          "keeps static variable $o",
		head + ` { static $f; if (!$f) { $f=fopen("/dev/null","a"); } fwrite($f,"x"); }`:                     "keeps static variable $f",
		head + ` { $f=function () { static $n; $n++; }; }`:                                                   "keeps static variable $n",
		head + ` { } function never() { static $n; $n++; }`:                                                  "",

		// connections that are opened when first needed
		head + ` { static $db; if (!$db) { $db=new PDO("x"); } $db->query("x"); }`:                                                                                          "",
		head + ` { static $db=null; if ($db===null) $db=new mysqli("x"); $db->query("x"); }`:                                                                                "",
		head + ` { static $db; $db=$db ?: new PDO("x"); $db->query("x"); }`:                                                                                                 "",
		head + ` { static $db; $db or $db=new PDO("x"); $db->query("x"); }`:                                                                                                 "",
		head + ` { static $db; if ($db) { return $db; } $db=new PDO("x"); $db->query("x"); }`:                                                                               "",
		head + ` { static $db; try { if (!$db) { $db=new PDO("x"); } $db->query("x"); } catch (Exception $e) { $db=null; } }`:                                               "",
		head + ` { static $db; if ($msg=="open") { $db=new PDO("x"); } $db->query("x"); }`:                                                                                  "keeps static variable $db",
		head + ` { static $db; if ($msg=="x") { } else { $db=new PDO("x"); } $db->query("x"); }`:                                                                            "keeps static variable $db",
		head + ` { static $db; switch ($msg) { case "x": $db=new PDO("x"); } $db->query("x"); }`:                                                                            "keeps static variable $db",
		head + ` { static $db; if (!$db) { $db=new PDO("x"); } $db->query("create temporary table x"); }`:                                                                   "keeps static variable $db",
		head + ` { static $db; if (!$db) { $db=new PDO("sqlite::memory:"); } $db->query("x"); }`:                                                                            "keeps static variable $db",
		head + ` { db()->query("x"); } function db() { global $db; if (!$db) { $db=new PDO("x"); } return $db; }`:                                                           "",
		head + ` { db(); global $db; $db->query("x"); } function db() { global $db; if (!$db) { $db=connect(); } } function connect() { return new PDO("x"); }`:             "",
		head + ` { global $db; $db->query("x"); } function db() { global $db; if (!$db) { $db=new PDO("x"); } } function ws_server_loop($a,$b,$c) { db(); }`:                "uses $db and does not open it",
		head + ` { global $db; $db->query("x"); } function ws_server_started($a,$b,$c) { global $db; $db=new PDO("x"); }`:                                                   "uses $db and does not open it",
		head + ` { Db::get()->query("x"); } class Db { private static $db; static function get() { if (self::$db===null) { self::$db=new PDO("x"); } return self::$db; } }`: "",
		`$db=null; ` + head + ` { $GLOBALS["db"]=$GLOBALS["db"] ?: new PDO("x"); $GLOBALS["db"]->query("x"); }`:                                                             "",
		head + ` { global $f; $f=function () { }; }`:                                                                                                                        "writes $f, which only its process keeps",
		head + ` { global $f; $f(); } function ws_server_loop($a,$b,$c) { global $f; $f=fopen("x","r"); }`:                                                                  "uses $f, which ws_server_loop() writes",
		head + ` { global $g; foreach ($g as $x) {} } function ws_server_loop($a,$b,$c) { global $g; $g=numbers(); } function numbers() { yield 1; }`:                       "uses $g, which ws_server_loop() writes",

		`if (PHP_VERSION_ID<5) { $db=new PDO("x"); } ` + head + ` { global $db; $db->query("x"); }`:                                                                              "",
		`$log=fopen("php://memory","w"); ` + head + ` { global $log; fwrite($log,"x"); }`:                                                                                        "uses $log, which each process may give another value",
		head + ` { Db::get("a"); } class Db { static $all=array(); static function get($n) { if (!isset(self::$all[$n])) self::$all[$n]=new PDO($n); return self::$all[$n]; } }`: "",
		head + ` { Db::get("a"); } class Db { static $all=array(); static function get($n) { if (!isset(self::$all[$n])) self::$all[$n]=new Db($n); return self::$all[$n]; } }`:  "Db::get() writes Db::$all",

		// static properties
		head + ` { A::$n=1; } class A { static $n; }`:                                                                                       "writes A::$n, which only its process keeps",
		head + ` { echo A::$n; } class A { static $n; } function ws_server_loop($a,$b,$c) { A::$n++; }`:                                     "uses A::$n, which ws_server_loop() writes",
		head + ` { echo A::$n; } class A { static $n=1; }`:                                                                                  "",
		head + ` { echo A::$n; } class A { static $n; } A::$n="x".PHP_EOL;`:                                                                 "",
		head + ` { echo A::$n; } class A { static $n; } A::$n=time();`:                                                                      "uses A::$n, which each process may give another value",
		head + ` { A::$o->x(); } class A { static $o; function x() {} } A::$o=new A();`:                                                     "A::$o",
		head + ` { A::get()->n++; } class A { static $a; static function get() { if (!self::$a) { self::$a=new A(); } return self::$a; } }`: "A::get() writes A::$a",
		head + ` { A::$$msg; } class A { static $o; }`:                                                                                      "static property by a name that is computed",
		head + ` { $_ENV["x"]=1; }`:                                                                                                         "writes $_ENV",
		head + ` { $_SERVER["x"]=1; $_SESSION["a"]=1; }`:                                                                                    "",

		// global variables that file scope sets
		`$config=array("a"=>1,"b"=>strtoupper("x").DIRECTORY_SEPARATOR); $dir=dirname(__FILE__)."/"; $all=$dir.$config["a"]; ` + head + ` { global $config,$all; echo $config["a"],$all; }`: "",
		`$commands=array("a"=>function ($x) { return time(); }); ` + head + ` { global $commands; echo count($commands); }`:                                                                 "",
		`$t=time(); ` + head + ` { } function ws_server_loop($a,$b,$c) { echo $GLOBALS["t"]; }`:                                                                                             "",

		// constants
		head + ` { define("X",1); }`: "calls define(), which defines a constant",
		head + ` { echo X; } function ws_server_loop($a,$b,$c) { define("X",1); }`:                "uses constant X, which ws_server_loop() defines",
		head + ` { if (defined("X")) { } } function ws_server_loop($a,$b,$c) { define("X",1); }`:  "uses constant X, which ws_server_loop() defines",
		head + ` { if (defined($msg)) { } } function ws_server_loop($a,$b,$c) { define("X",1); }`: "calls defined(), which depends on what ws_server_loop() does",
		`define("X",2); ` + head + ` { echo X; }`:                                                 "",
		`define("X",uniqid()); ` + head + ` { echo X; }`:                                          "uses constant X, which each process may give another value",

		// what a process has once
		head + ` { putenv("A=$msg"); }`: "calls putenv(), which changes the environment of its process",
		head + ` { echo getenv("A"); }`: "",
		head + ` { echo getenv("A"); } function ws_server_loop($a,$b,$c) { putenv("A=1"); }`:                          "calls getenv(), which depends on what ws_server_loop() does, which calls putenv()",
		`putenv("A=1"); ` + head + ` { echo getenv("A"), ` + "`x`" + `; }`:                                            "",
		`mt_srand(1); ` + head + ` { echo mt_rand(); }`:                                                               "calls mt_rand(), which depends on what code outside of functions does, which calls mt_srand()",
		head + ` { echo mt_rand(),rand(); }`:                                                                          "",
		head + ` { chdir("/"); }`:                                                                                     "calls chdir(), which changes the working folder",
		head + ` { } function ws_server_loop($a,$b,$c) { setlocale(LC_ALL,"C"); }`:                                    "ws_server_loop() calls setlocale(), which changes the locale of its process, for all handlers",
		head + ` { Locale::setDefault("de"); }`:                                                                       "calls locale::setdefault(), which changes the locale",
		`setlocale(LC_ALL,"C"); date_default_timezone_set("UTC"); ini_set("precision",3); ` + head + ` { echo 1.5; }`: "",
		head + ` { array_map("putenv",array("A=1")); }`:                                                               "calls putenv()",
		head + ` { error_reporting(); mb_internal_encoding_x(); } function mb_internal_encoding_x() { umask(); }`:     "",
		head + ` { error_reporting(0); }`:                                                                             "calls error_reporting(), which changes the settings",
		head + ` { set_error_handler(null); restore_error_handler(); }`:                                               "calls set_error_handler(), which changes the handling of errors",
		head + ` { register_shutdown_function("f"); } function f() { }`:                                               "which acts when its process ends",
		head + ` { echo getmypid(); }`:                                                                                "calls getmypid(), which differs from process to process",
		head + ` { session_start(); $_SESSION["a"]=1; session_write_close(); }`:                                       "",
		head + ` { session_name("x"); }`:                                                                              "changes the session settings",
		head + ` { if (function_exists("f")) { } }`:                                                                   "",
		head + ` { if (function_exists("f")) { } } function ws_server_loop($a,$b,$c) { eval($a); }`:                   "calls function_exists(), which depends on what ws_server_loop() does, which uses eval",
		head + ` { eval($msg); }`:                                                                                     "uses eval",
		head + ` { class_alias("ArrayObject","B"); }`:                                                                 "calls class_alias()",
		head + ` { $connection["f"]=fopen("x","r"); }`:                                                                "keeps what fopen() gives in a row",
		head + ` { $connections[$client_key]["f"]=function () { }; }`:                                                 "keeps a Closure in a row",
		head + ` { ob_start(); echo 1; $x=ob_get_clean(); set_time_limit(5); }`:                                       "",
		head + ` { } function ws_server_open($a,&$b,$c) { global $users; $users[$c]=&$b; }`:                           "ws_server_open() keeps a reference to rows, by which other code changes them, for all handlers",
		head + ` { } function ws_server_started($a,$b,&$all) { All::$rows=&$all; } class All { static $rows; }`:       "ws_server_started() keeps a reference to rows",
		head + ` { } function ws_server_open(&$a,&$b,$c) { keep($a); } function keep(&$x) { more($x); } function more(&$y) { $GLOBALS["all"]=array(1,&$y); }`: "more() keeps a reference to rows",
		head + ` { } function ws_server_open(&$a,&$b,$c) { $row=&$a[$c]; $row["n"]=1; foreach ($a as &$one) { $one["n"]=2; } }`:                               "",
		head + ` { global $stmt; $stmt->execute(); } function ws_server_started() { global $stmt; $stmt=$GLOBALS["db"]->prepare("x"); }`:                      "uses $stmt, which ws_server_started() writes",
		head + ` { mt_srand(1); } class putenv { }`: "calls mt_srand()",
	} {
		cause := a.described(code).Handlers["ws_server_text"].Process
		if (cause == nil) != (why == "") || cause != nil && !strings.Contains(cause.Why, why) {
			t.Errorf("%s: got %s, want %q", code, toJSON(cause), why)
		}
		if cause != nil && (cause.File == "" || cause.Line == 0) {
			t.Errorf("%s: no place in %s", code, toJSON(cause))
		}
	}
}

func TestWhatInitializeDoesBeforeEachEventEachProcessDoes(t *testing.T) {
	a := newApp(t, "")
	for code, why := range map[string][2]string{ // once, and before each event
		`function ws_server_initialize() { setlocale(LC_ALL,"C"); }`:                                                              {"for all handlers", ""},
		`function ws_server_initialize() { global $db; $db=new PDO("x"); } function f() { global $db; $db->query("x"); }`:         {"f() uses $db and does not open it", ""},
		`function ws_server_initialize() { global $c; $c=load_files("x"); } function f() { global $c; echo $c["x"]; }`:            {"", ""},
		`function ws_server_initialize() { C::$c=parse_ini_file("x"); } class C { static $c; } function f() { echo C::$c["x"]; }`: {"f() uses C::$c, which ws_server_initialize() writes", ""},
		`function ws_server_initialize() { static $n; $n++; }`:                                                                    {"", ""},
	} {
		code += head + " { if (function_exists('f')) { f(); } }"
		for i, initialize := range []string{"once", "every"} {
			cause := a.described(code, "initialize", initialize).Handlers["ws_server_text"].Process
			if (cause == nil) != (why[i] == "") || cause != nil && !strings.Contains(cause.Why, why[i]) {
				t.Errorf("%s, %s: got %s, want %q", code, initialize, toJSON(cause), why[i])
			}
		}
	}
}

func TestWhatHandlersIncludeIsInOneProcess(t *testing.T) {
	a := newApp(t, "")
	library := a.write(t, "lib/late.php", "<?php function late() { return 1; } class Late { function go() {} }")
	config := a.write(t, "lib/config.php", "<?php return array(\"a\"=>1);")
	a.write(t, "classes/Auto.php", "<?php class Auto { static function go() {} }")
	for code, why := range map[string]string{
		head + ` { require_once "` + library + `"; }`:                                                                     "includes late.php, which declares functions or classes",
		head + ` { late(); } function ws_server_loop($a,$b,$c) { require_once "` + library + `"; }`:                       "uses late() of late.php, which only a handler includes",
		head + ` { $x=new Late(); } function ws_server_loop($a,$b,$c) { require_once "` + library + `"; }`:                "uses class Late of late.php",
		`require "` + library + `"; ` + head + ` { require_once "` + library + `"; late(); $x=new Late(); }`:              "",
		head + ` { $c=require "` + config + `"; echo $c["a"]; }`:                                                          "",
		`$c=require "` + config + `"; ` + head + ` { global $c; echo $c["a"]; }`:                                          "",
		`spl_autoload_register(function ($c) { require __DIR__."/../../classes/$c.php"; }); ` + head + ` { Auto::go(); }`: "",
	} {
		cause := a.described(code).Handlers["ws_server_text"].Process
		if (cause == nil) != (why == "") || cause != nil && !strings.Contains(cause.Why, why) {
			t.Errorf("%s: got %s, want %q", code, toJSON(cause), why)
		}
	}
}

// The first value of such a variable goes to all processes, so that each need not make one of its own.
func TestGlobalsThatDifferFromProcessToProcessLive(t *testing.T) {
	a := newApp(t, "")
	random := a.write(t, "lib/random.php", "<?php return array(\"a\"=>mt_rand());")
	const use = head + ` { global $v; echo $v; }`
	for code, want := range map[string][2]bool{ // with ws_server_initialize run once, and before each event
		`$v=bin2hex(random_bytes(8)); ` + use:                                                     {true, true},
		`$v=time(); ` + head + ` { if (time()-$GLOBALS["v"]>1) { $GLOBALS["v"]=time(); } }`:       {true, true},
		`$id=uniqid(); $v="x".$id; ` + use:                                                        {true, true},
		`setup(); function setup() { global $v; $v=mt_rand(); } ` + use:                           {true, true},
		`$v=require "` + random + `"; ` + use:                                                     {true, true},
		`class C { public $at; function __construct() { $this->at=time(); } } $v=new C(); ` + use: {true, true},
		`function ws_server_initialize() { global $v; $v=time(); } ` + use:                        {false, true}, // once, it is a handler as any other
		`$v="a"; ` + use: {false, false},
		`$v=array(1,strlen("x")); ` + head + ` { $GLOBALS["v"][]=1; }`: {false, false},
		`$v=str_repeat(uniqid(),9999); ` + use:                         {false, false}, // it would come with each event
		`$v=tmpfile(); ` + use:                                         {false, false},
	} {
		for i, initialize := range []string{"once", "every"} {
			d := a.described(code, "initialize", initialize)
			if got := d.Globals["v"]; got.Differs != want[i] || got.Differs && (!got.Lives || d.Handlers["ws_server_text"].Process != nil) {
				t.Errorf("%s, %s: got %s, process %s", code, initialize, toJSON(got), toJSON(d.Handlers["ws_server_text"].Process))
			}
		}
	}
}

// Each of these handlers writes to a static variable and to a static property.
func TestStaticWritesInDisguise(t *testing.T) {
	a := newApp(t, "")
	for _, body := range []string{
		`$g=1;`, `$g["a"]["b"]=1;`, `$g[]=1;`, `$g.="x";`, `$g??=1;`, `++$g["x"];`, `$g["x"]--;`, `$x=&$g;`, `$x=&$g["a"];`, `$x=array(1,&$g);`, `unset($x,$g["a"]);`, `list($g)=$msg;`,
		`[$x,[,$g]]=$msg;`, `foreach ($msg as $g) {}`, `foreach ($msg as $k=>$g["x"]) {}`, `foreach ($g as &$v) {}`, `for ($g=0;$g<3;) {}`, `sort($g);`, `array_push($g["x"],1);`,
		`preg_match("/a/","a",$g);`, `end($g);`, `change($g);`, `change($g["x"]);`, `change((($g)));`, `$c->change($x,$g);`, `rest(1,2,$g);`, `$g->n=1;`, `$g->n();`, `$g["a"]->n["b"]++;`,
		`if ($g=f()) {}`, `while (($g=next($x))!==False) {}`, `$x=$y=$g=1;`, `$g=$g+1;`, `f($g=1);`, `settype($g,"int");`, `return $g=1;`, `$f=function () use (&$g) { $g=1; };`, `$g=null;`, `$g=array();`,
	} {
		for _, name := range []string{"$g", "A::$g", "self::$g", "$class::$g"} {
			static, code := "", strings.ReplaceAll(body, "$g", name)
			if name == "$g" {
				static = "static $g; "
			} else if strings.Contains(body, "use (&$g)") {
				continue // no syntax for properties
			}
			d := a.described(head + ` { (new A)->go($msg); } class A { static $g; function go($msg) { ` + static + code + ` } function change(&$x,&$y=1) {} function n() {} }
function change(&$x,&$y=1) {} function rest($x,&...$y) {} function f() { return 1; }`)
			if d.Handlers["ws_server_text"].Process == nil {
				t.Errorf("%s: any process can run it", code)
			}
		}
	}
}
