package process

// lockingCallbacks look for the lock in a function that PHP calls by name.
func lockingCallbacks() []kind {
	return []kind{
		{name: "a comparison, and a namespace with a function of that name", php: `namespace Sorting { function usort($list,$compare) { return 0; } }
namespace {
$GLOBALS["found"]=False;
function compare_all($a,$b) { global $connections,$found,$wanted; if (held($connections,$wanted)) { $found=True; } return 0; }
function taken($lock) { $GLOBALS["found"]=False; $GLOBALS["wanted"]=$lock; $list=array(2,1); usort($list,"compare"."_all"); return $GLOBALS["found"]; }`},
		{name: "a filter with a computed name", php: `
function find_lock($lock) { global $connections; return held($connections,$lock) ? "yes" : "no"; }
function taken($lock) { $how=array("what" => "lock"); return filter_var($lock,FILTER_CALLBACK,array("options" => "find_".$how["what"]))==="yes"; }`},
		{name: "a callback in an array", php: `
class Finder { public function find($lock) { global $connections; return held($connections,$lock); } }
function taken($lock) { return call_user_func(array(new Finder(),"fi"."nd"),$lock); }`},
		{name: "a replacement", php: `
function look($match) { global $connections; return held($connections,$match[0]) ? "yes" : "no"; }
function taken($lock) { return preg_replace_callback('/^.+$/',strrev("kool"),$lock)==="yes"; }`},
		{name: "a buffer's callback", php: `
function taken($lock)
{
	ob_start(function ($text) { return held($GLOBALS["connections"],$text) ? "yes" : "no"; });
	ob_start();
	echo $lock;
	ob_end_flush();
	ob_end_clean();
	return held($GLOBALS["connections"],$lock);
}`},
		{name: "an error handler", php: `
set_error_handler(function ($code,$text) { $GLOBALS["found"]=held($GLOBALS["connections"],$text); return True; },E_USER_NOTICE);
function taken($lock) { trigger_error($lock,E_USER_NOTICE); return $GLOBALS["found"]; }`},
		{name: "a class that is looked for", php: `
spl_autoload_register(function ($class) { if ($class==="Look") { $GLOBALS["found"]=held($GLOBALS["connections"],$GLOBALS["wanted"]); } });
function taken($lock) { $GLOBALS["wanted"]=$lock; class_exists("Look"); return $GLOBALS["found"]; }`},
		{name: "evaluated code", php: `
function taken($lock) { return eval('return held($GLOBALS["connections"],$lock);'); }`},
	}
}

// lockingMagic look for the lock in a method that the code does not call.
func lockingMagic() []kind {
	return []kind{
		{name: "a constructor that reflection calls", php: `
class Look { public $found; public function __construct($lock) { global $connections; $this->found=held($connections,$lock); } }
function taken($lock) { $class=new ReflectionClass("Lo"."ok"); return $class->newInstance($lock)->found; }`},
		{name: "an object that wakes up", php: `
class Look { public $lock; public $found; public function __wakeup() { global $connections; $this->found=held($connections,$this->lock); } }
function taken($lock) { return unserialize('O:4:"Look":1:{s:4:"lock";s:'.strlen($lock).':"'.$lock.'";}')->found; }`},
		{name: "a stream of the application's own", php: `
class LookStream
{
	public $context;
	public function stream_open($path,$mode,$options,&$opened) { global $connections; $GLOBALS["found"]=held($connections,rawurldecode(substr($path,7))); return True; }
}
stream_wrapper_register("look","LookStream");
function taken($lock) { $stream=fopen("look://".rawurlencode($lock),"r"); return $GLOBALS["found"]; }`},
		{name: "an unknown method", php: `
class Look { public function __call($name,$words) { global $connections; return held($connections,$words[0]); } }
function taken($lock) { $look=new Look(); return $look->is_held($lock); }`},
	}
}

// lockingReferences look for the lock in $connections by another name, or in an object that rows share.
func lockingReferences() []kind {
	return []kind{
		{name: "$GLOBALS with an escaped name", php: `
function taken($lock) { return held($GLOBALS["\u{63}onnections"],$lock); }`},
		{name: "a static property that refers to all rows", named: "reference", php: `
class All { public static $rows=array(); }
function ws_server_started(&$server,&$sockets,&$connections) { All::$rows=&$connections; }
function taken($lock) { return held(All::$rows,$lock); }`},
		{name: "an object in each row, from a global variable", named: "shared", php: `
class Desk { public $lock=""; }
$desk=new Desk();
function ws_server_open(&$connections,&$connection,$client_key) { global $desk; $connection["desk"]=$desk; }
function taken($lock,&$connection) { return $connection["desk"]->lock===$lock; }
function take($lock,&$connection) { $connection["desk"]->lock=$lock; }`},
		{name: "an object in each row, from a list", named: "shared", php: `
class Desk { public $lock=""; }
$desks=array();
function ws_server_open(&$connections,&$connection,$client_key) { global $desks; if (!isset($desks["one"])) { $desks["one"]=new Desk(); } $connection["desk"]=$desks["one"]; }
function taken($lock,&$connection) { $desk=$connection["desk"]; return $desk->lock===$lock; }
function take($lock,&$connection) { $desk=$connection["desk"]; $desk->lock=$lock; }`},
		{name: "a closure with all rows", named: "reference", php: `
$look=Null;
function ws_server_started(&$server,&$sockets,&$connections) { global $look; $look=function ($lock) use (&$connections) { return held($connections,$lock); }; }
function taken($lock) { global $look; return $look ? $look($lock) : False; }`},
	}
}
