package phphandlers

import "testing"

// Each of these handlers reaches the table in a way that is easy to overlook.
func TestTableHandlersInDisguise(t *testing.T) {
	global := `function office() { global $connections; return 1; } class S { static function m() { global $connections; } function n() { global $connections; } }`
	var rows []reached
	for _, b := range []string{
		`$f=fn()=>count($connections);`, `echo "$GLOBALS[connections]";`, `echo "{$GLOBALS['connections'][1]}";`, `$a=array("x"=>1); extract($a,EXTR_REFS);`,
		`array_map('array_map',array('office'),array(array(1)));`, `array_map('call_user_func',array($msg));`, `usort($a,'off'.'ice');`, `CALL_USER_FUNC($msg);`, `\call_user_func($msg);`,
		`OFFICE();`, `office /* x */ ();`, `\office();`, `namespace\office();`, `if (office()) {}`, `switch (1) { case office(): }`, `exit(office());`, `print(office());`, `echo "{$x[office()]}";`,
		`(new S)->n();`, `[S::class,'m']();`, `S::{'m'}();`, `$x=[new S,'n']; $x();`, `array_map([new S,'n'],[1]);`, `$x=S::m(...); $x();`, `$y=(new S)->n(...);`,
		`const_(); function const_() { office(); }`, `iterator_to_array(new CallbackFilterIterator(new ArrayIterator([1]),'office'));`, `Closure::fromCallable('office')->call($o);`,
		`register_shutdown_function('office');`, `spl_autoload_register('office');`, `ob_start('S::m');`, `assert_options(ASSERT_CALLBACK,'office');`, `array_walk($a,array('S','m'));`,
		`header_register_callback('office');`, `set_exception_handler(array('S','m'));`, `forward_static_call(array('S','m'));`, `array_filter(array(1),'office');`, `array_reduce(array(1),'office');`,
		`preg_replace_callback('/a/','office','a');`, `preg_replace_callback_array(array('/a/'=>'office'),'a');`, `xml_set_element_handler($p,'office','office');`, `session_set_save_handler('office','a','b','c','d','e');`,
		`call_user_func_array('office',array());`, `$x=function () { return office(); };`, `foreach (office() as $x) {}`, `$x=match(true) { default => office() };`, `$a=[...office()];`,
		`?><?= count($connections) ?><?php `, "echo <<<A\n{${$msg}}\nA;", `"$connections[1]";`, `$x="${connections[1]}";`, `$x=$msg?:office();`, `return office();`, `throw new Exception(office());`,
		`$x=new class { public $y; function __construct() { global $connections; } };`, `$GLOBALS["GLOBALS"]["connections"]=1;`, `array_walk($GLOBALS,function () {});`, `list($x,$GLOBALS["connections"])=$msg;`,
		`static $x; $x=&$GLOBALS["connections"];`, `$x=array_map(fn($k)=>$connections[$k],array(1));`, `(function () { global $connections; })();`, `(function (&$k) { $k=3; })($client_key); $connections[$client_key]=1;`,
		`(fn(&$k)=>$k=3)($client_key); close_client($client_key);`, `$connections[$client_key=3]=1;`, `echo "{$x[$client_key=3]}"; close_client($client_key);`, `close_client((int)$client_key);`, `close_client(...[3]);`,
		`$x=compact(array("connections"));`, `$x=compact("msg",$msg);`, `array_multisort($client_key); close_client($client_key);`, `include_once(__DIR__."/".$msg);`, `$o=new S; $m="n"; array_map([$o,$m],[1]);`, `new S::$x;`,
		`$x=new DateTime(...office());`, `do { } while (office());`, `for (;office();) {}`, `try { office(); } finally { }`, `goto a; a: office();`, `declare(ticks=1) { office(); }`, `$x=@office();`, `$x=!office();`, `$x=-office();`,
		`$x=["a"=>office()];`, `unset($x[office()]);`, `isset($x[office()]);`, `$x=clone office();`, `yield office();`, `yield from office();`, `global $z; $z=office();`, `static $q=1; office();`, `$x="a".office()."b";`, `echo 1,office();`,
		`array_map(callback: $msg, array: [1]);`, `usort(array: $a, callback: 'x');`,
	} {
		rows = append(rows, reached{b, global, " "})
	}
	rows = append(rows,
		reached{`count($connection["o"]);`, `class P { function count(): int { global $connections; return 1; } } class Q extends P implements Countable { }`, "P::count()"},
		reached{`count($connection["o"]);`, `trait T { function count(): int { global $connections; return 1; } } class Q implements Countable { use T; }`, "T::count()"},
		reached{`count($connection["o"]);`, `trait T { function size() { global $connections; return 1; } } class Q implements Countable { use T { size as count; } }`, "T::size()"},
		reached{`inner();`, `function outer() { function inner() { global $connections; } }`, "inner()"},
		reached{`late();`, `if (!function_exists("late")) { eval("function late() {}"); }`, "eval"},
		reached{`f();`, `class V { public $context; function stream_open($a,$b,$c,&$d) { global $connections; return true; } } stream_wrapper_register("v","V"); function f() { fopen("v://x","r"); }`, "stream_open"},
		reached{`$connection["o"]["x"];`, `class V implements ArrayAccess { function offsetGet($o): mixed { global $connections; return 1; } function offsetSet($o,$v): void {} function offsetExists($o): bool { return true; } function offsetUnset($o): void {} }`, "offsetGet"},
		reached{`echo 1;`, `class H extends SplHeap { function compare($a,$b): int { global $connections; return 1; } }`, "compare"},
		reached{`echo 1;`, `trait T { function __get($x) { global $connections; } }`, "__get"},
		reached{`echo 1;`, `$f=function () { return 1; }; $g=function () use (&$connections) {};`, "outside of functions"},
		reached{`echo 1;`, `$x=new Holder($connections); class Holder { function __construct(&$x) { $this->x=&$x; } }`, "outside of functions"},
		reached{`f($msg);`, `function f($cb) { return $cb(1); }`, "f() calls $cb"},
		reached{`f(function () { return 1; });`, `function f($cb) { return array_map($cb,array(1)); }`, "f() passes $cb"},
		reached{`sort_by("name");`, `class L { private $cb="x"; function go() { return call_user_func($this->cb); } } function sort_by($x) { $l=new L; $l->go(); }`, "L::go() passes"},
	)
	checkReached(t, rows)
}
