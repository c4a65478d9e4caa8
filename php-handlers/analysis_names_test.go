package phphandlers

import (
	"slices"
	"strings"
	"testing"
)

// inGlobal appends code to the global namespace that other code has begun and not ended, or else to one of its own.
func inGlobal(code, more string) string {
	if strings.Count(code, "{") == strings.Count(code, "}") {
		code += " namespace { "
	}
	return code + " " + more + " }"
}

// Each of these handlers reaches the table by a name that other code has too. The code is a whole file, in which the handler is a global
// function.
func TestTableHandlersByNamesOfOthers(t *testing.T) {
	const office = `function office() { global $connections; return 1; } class Loud { function __construct() { global $connections; } }`
	a := newApp(t, "")
	for code, body := range map[string]string{
		// a library's function of the same name as one of PHP's, or of wsbridge's
		`namespace Lib { function usort($a,$b) { return 0; } }`: `$z=array(2,1); usort($z,"off"."ice");`,
		`namespace Lib { function call_user_func($f) { } }`:     `call_user_func("off"."ice");`,
		`namespace Lib { function close_client($k) { } } `:      `close_client(3);`,
		`namespace Lib { function extract($k) { } }`:            `extract($connection); $connections[$client_key]["x"]=1;`,
		`namespace Lib { function preg_match($k) { } }`:         `preg_match("/x/",$msg,$client_key); close_client($client_key);`,
		`namespace Lib { function debug_backtrace() { } }`:      `$x=debug_backtrace();`,
		`namespace Lib { class ReflectionFunction { } }`:        `$f=new ReflectionFunction("off"."ice"); $f->invoke();`,
		`namespace Lib { class CallbackFilterIterator { } }`:    `$x=new CallbackFilterIterator(new ArrayIterator(array(1)),"off"."ice"); count($x);`,

		// imports of another namespace, of another kind, and after the use
		`namespace Lib { use function strlen as quiet; } namespace { function quiet() { office(); } }`:                            `quiet();`,
		`namespace Lib { function other() {} use function Lib\other as office; }`:                                                 `office();`,
		`namespace Lib { function other() {} } namespace Deep { use function Lib\other as office; function go() { \office(); } }`: `Deep\go();`,
		`namespace Lib { class Quiet {} use Lib\Quiet as Loud; }`:                                                                 `$x=new Loud();`,
		`namespace Lib { class Quiet {} } namespace Deep { use Lib\Quiet as Loud; function go() { return new \Loud(); } }`:        `Deep\go();`,
		`namespace { use function office as g;`:                                                                                   `g();`,
		`namespace { use Loud as K;`:                                                                                              `$x=new K();`,
		`namespace Lib { class A {} } namespace { use Lib\{function strtolower as x, A as B}; use Loud as A;`:                     `$x=new A();`,
		`namespace Deep { use function office as desk; function go() { desk(); } }`:                                               `Deep\go();`,
		`namespace Deep { use Loud as Desk; function go() { return new Desk(); } }`:                                               `Deep\go();`,
		`namespace Lib { class Desk { function __construct() { } } } namespace Deep { class Desk extends \Loud { } }`:             `$x=new Deep\Desk();`,
		`namespace Lib { const DIRNAME="x"; function dirname() { return "/nowhere"; } }`:                                          `include_once dirname(__FILE__)."/push_server_events.php";`,

		`namespace Lib { const LIB="/nowhere"; function go() { include_once LIB."/push_server_events.php"; } } namespace { define("LIB",__DIR__); }`: `Lib\go();`,

		// a name that loads classes in one place and does more in another
		`namespace { class L { function load($c) { include $c; } } spl_autoload_register(array(new L(),"load")); class M { function load($f) { include $f; } } }`: `$m=new M(); $m->load($msg);`,
		`namespace { function load($c) { include $c; } spl_autoload_register("load"); }`:                                                                          `load($msg);`,
		`namespace { class L { static function load($c) { include $c; } } spl_autoload_register("L::load"); }`:                                                    `L::load($msg);`,

		// classes by another name
		`namespace { class R extends ReflectionFunction { } }`:                         `$r=new R("off"."ice"); $r->invoke();`,
		`namespace { class_alias("Loud","Quiet"); }`:                                   `$x=new Quiet();`,
		`namespace Lib { class Quiet { } } namespace { class_alias("Loud","Quiet"); }`: `$x=new Quiet();`,
	} {
		d := a.described(inGlobal(code, office+" "+head+" { "+body+" }"))
		if d.Handlers["ws_server_text"].Table == nil {
			t.Errorf("%s %s: own row", code, body)
		}
	}
}

// Names that are certain stay certain.
func TestOwnRowHandlersWithNamesOfOthers(t *testing.T) {
	a := newApp(t, "")
	for code, body := range map[string]string{
		`namespace Lib { function usort($a,$b) { return 0; } }`:                                                                   `$z=array(2,1); usort($z,"strcmp");`,
		`namespace Lib { function close_client($k) { } }`:                                                                         `close_client($client_key);`,
		`namespace Lib { function office() { global $connections; } } namespace { use function trim as office;`:                   `office($msg);`,
		`namespace Lib { class Loud { function __construct() { global $connections; } } } namespace { use ArrayObject as Loud;`:   `$x=new Loud();`,
		`namespace Lib { use function trim as f; class D { } } namespace Deep { use Lib\D as E; function f() { return new E; } }`: `Deep\f();`,
		`namespace { function load($c) { @include __DIR__."/".$c.".php"; } spl_autoload_register("load"); }`:                      `$msg=trim($msg);`,
	} {
		d := a.described(inGlobal(code, head+" { "+body+" }"))
		if h := d.Handlers["ws_server_text"]; h.Table != nil {
			t.Errorf("%s %s: %s", code, body, toJSON(h.Table))
		}
	}
}

// What changes a process, or is kept for one, does so by any name.
func TestProcessWideUsesByNamesOfOthers(t *testing.T) {
	a := newApp(t, "")
	for code, body := range map[string]string{
		`namespace Lib { function putenv($x) { } }`:                                                                                                   `putenv("A=1");`,
		`namespace { use Locale as L;`:                                                                                                                `L::setDefault("de");`,
		`namespace { function ws_server_loop($a,$b,$c) { define("Lib\\X",1); } }`:                                                                     `echo Lib\X;`,
		`namespace { use const Lib\X as Y; function ws_server_loop($a,$b,$c) { define("Lib\\X",1); }`:                                                 `echo Y;`,
		`namespace Lib { function getenv($x) { } } namespace { function ws_server_loop($a,$b,$c) { putenv("A=1"); } }`:                                `echo getenv("A");`,
		`namespace Lib { class Cache { function db() { } } } namespace { class D { function db() { global $db; if (!$db) { $db=new PDO("x"); } } } }`: `$connection["o"]->db(); global $db; $db->query("x");`,
	} {
		d := a.described(inGlobal(code, head+" { "+body+" }"))
		if d.Handlers["ws_server_text"].Process == nil {
			t.Errorf("%s %s: any process can run it", code, body)
		}
	}
}

func TestGlobalWritesByNamesOfOthers(t *testing.T) {
	needsVersion(t, 80000, "a sample names an argument")
	a := newApp(t, "")
	for code, body := range map[string]string{
		`namespace Lib { function sort($a) { } }`: `global $g; sort($g);`,
		`namespace Lib { class C { function __construct($a) { } } } namespace { class B { function __construct(&$a) { } } } namespace Deep { class C extends \B { } }`: `global $g; new Deep\C($g);`,
		`namespace { }`: `global $g; sort(array: $g);`,
	} {
		if !a.described(inGlobal(code, head+" { "+body+" }")).Globals["g"].Lives {
			t.Errorf("%s %s: does not live", code, body)
		}
	}
}

func TestClassesThatFilesInNamespacesNameAreRead(t *testing.T) {
	a := newApp(t, "")
	desk := a.write(t, "classes/Desk.php", "<?php namespace Deep; class Desk { function go() { } }")
	d := a.described(`namespace Deep; spl_autoload_register(function ($c) { $f=__DIR__."/../../classes/".basename(strtr($c,"\\","/")).".php"; if (is_file($f)) { require $f; } });
function go() { $d=new Desk(); $d->go(); } `)
	if !slices.Equal(d.Watch, []string{desk}) {
		t.Errorf("in a function: %q", d.Watch)
	}
	d = a.described(`namespace Deep; spl_autoload_register(function ($c) { $f=__DIR__."/../../classes/".basename(strtr($c,"\\","/")).".php"; if (is_file($f)) { require $f; } });
$make=function () { return new Desk(); };`)
	if !slices.Equal(d.Watch, []string{desk}) {
		t.Errorf("outside of functions: %q", d.Watch)
	}
}
