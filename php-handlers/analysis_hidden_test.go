package phphandlers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// office and Loud reach the table.
const office = `function office() { global $connections; return 1; } class Loud extends SplFileInfo { function __construct($x="") { global $connections; } }
class Statement extends PDOStatement { private function __construct() { global $connections; } } class Wide extends RecursiveArrayIterator { function __construct($a) { global $connections; } }`

// Each of these handlers has PHP call a function or a constructor that reaches the table, or one that cannot be known.
func TestTableHandlersByHiddenCalls(t *testing.T) {
	rows := []reached{}
	for _, body := range []string{
		// filters
		`filter_var($msg,FILTER_CALLBACK,array("options"=>"office"));`, `filter_var($msg,FILTER_CALLBACK,array("options"=>"off".$msg));`, `filter_var($msg,1024,["options"=>"off"."ice"]);`,
		`filter_var($msg,0x400,array("options"=>$msg));`, `filter_var($msg,$connection["f"],array("options"=>"office"));`, `filter_var($msg,FILTER_CALLBACK,$connection["o"]);`, `filter_var($msg,options: ["options"=>$msg],filter: FILTER_CALLBACK);`,
		`filter_var_array($connection,array("a"=>array("filter"=>FILTER_CALLBACK,"options"=>$msg)));`, `filter_var_array($connection,["a"=>["filter"=>1024,"options"=>$msg]]);`, `filter_var_array($connection,$msg);`,
		`filter_var_array($connection,["a"=>[$msg=>1024,"options"=>"off"."ice"]]);`, `filter_input(INPUT_GET,"a",FILTER_CALLBACK,array("options"=>$msg));`, `filter_input_array(INPUT_GET,array("a"=>$connection["f"]));`,
		`array_map("filter_var",$connection["x"],$connection["y"],$connection["z"]);`, `filter_var(...$connection["x"]);`, `filter_var($msg,MINE,array("options"=>$msg));`,
		// settings
		`ini_set("unserialize_callback_func","office");`, `ini_set("unserialize_callback_func",$msg);`, `ini_alter("assert.callback",$msg);`, `ini_set("assert.c"."allback",$msg);`, `ini_set("zlib.output_handler",$msg);`, `ini_set("\x61ssert.callback",$msg);`,
		// classes that PHP makes
		`$x=new SplFileInfo("/"); $x->getFileInfo(Loud::class);`, `$x=new SplFileInfo("/"); $x->getPathInfo($msg);`, `$x=new SplFileInfo("/"); $x->setInfoClass("Loud");`, `$x->openFile(); $x->setFileClass($msg);`,
		`$s->fetchAll(PDO::FETCH_CLASS,Loud::class);`, `$s->fetchAll(8,Loud::class);`, `$s->fetchAll(8,$msg);`, `$s->fetchAll($msg,$msg);`, `$s->fetchAll(10,"off"."ice");`, `$s->setFetchMode(PDO::FETCH_CLASS|PDO::FETCH_PROPS_LATE,$msg);`,
		`$s->setFetchMode(8|1048576,$msg);`, `$s->fetch(262152);`, `$s->fetch($msg);`, `$db->query("x",8,$msg);`, `$s->fetchObject($msg);`, `$s->fetchObject(Loud::class);`, `$s->fetchAll(...$msg);`, `$s->fetch(PDO::FETCH_CLASS|PDO::FETCH_CLASSTYPE);`,
		`$db->setAttribute(PDO::ATTR_STATEMENT_CLASS,array($msg));`, `$db->setAttribute(13,array($msg));`, `$db=new PDO("x",null,null,array(PDO::ATTR_STATEMENT_CLASS=>array("Statement")));`, `$db=new PDO("x",null,null,[PDO::ATTR_STATEMENT_CLASS=>[$msg]]);`,
		`mysqli_fetch_object($r,$msg);`, `mysqli_fetch_object($r,Loud::class);`, `mysqli_fetch_object($r,"Loud");`, `$r->fetch_object($msg);`, `pg_fetch_object($r,null,$msg);`, `simplexml_load_string($msg,$msg);`, `array_map("mysqli_fetch_object",$msg,$msg);`,
		`foreach ($connection["i"] as $x) {}`, `$x=new ArrayObject(array(),0,$msg);`, `$f=Loud::class; g($f);`,
		// functions of extensions that are not there, and old ways to run text
		`pcntl_signal(10,$msg);`, `pcntl_signal(10,"office");`, `ldap_set_rebind_proc($l,$msg);`, `yaml_parse($msg,0,$n,$msg);`, `apcu_entry("x",$msg);`, `$x->createFunction("f",$msg);`, `$x->setAuthorizer($msg);`, `$x->registerPHPFunctionNS("a","b",$msg);`,
		// curl, and its constants by other names
		`curl_setopt($c,20011,$msg);`, `curl_setopt($c,$msg,$connection["f"]);`, `curl_setopt_array($c,array(20011=>$msg));`, `curl_setopt_array($c,[$msg=>$msg]);`, `curl_setopt_array($c,$connection["o"]);`, `$o=array(); $o[$msg]=$msg; curl_setopt_array($c,$o);`,
		`curl_setopt_array($c,array(constant("CURLOPT_WRITEFUNCTION")=>$msg));`, `curl_multi_setopt($c,CURLMOPT_PUSHFUNCTION,$msg);`, `curl_setopt_array($c,array(CURLOPT_HEADERFUNCTION=>$msg));`, `$f="CURLOPT_READFUNCTION"; g($f);`,
		`new SoapClient("x",array("typemap"=>array(array("from_xml"=>$msg))));`,
		// references to functions, and expressions that only look like a known function
		`array_map($msg?:strlen(...),array(1));`, `array_map($connection["f"]??strlen(...),array(1));`, `array_map(usort(...),$msg,$msg);`, `array_map((new Box)->get(),array(1));`, `array_map(function ($x) { return $x; }?:$msg,array(1));`,
		`array_map(parse_str(...),array(1));`, `$f=array_map(...); g($f);`, `array_map((function () { return 1; })(),array(1));`, `array_map([$connection["c"]=>1,"x"],array(1));`,
		// constructors by other names
		`new class(new ArrayIterator(array(1)),$msg) extends CallbackFilterIterator { };`, `$r=new class("off"."ice") extends ReflectionFunction { }; $r->invoke();`, `Filter::make($msg);`,
		// text in double quotes
		`echo count($GLOBALS["\u{63}onnections"]);`, `echo count($GLOBALS["\143onnections"]);`, `echo count($GLOBALS["\X63onnections"]);`, `echo compact("\u{63}onnections");`, `array_map("\u{6f}ffice",array(1));`, `array_map("S\u{74}ill::go",array(1));`,
	} {
		rows = append(rows, reached{body, office + ` function g($f) { } class Box { function get() { return "office"; } } class Filter extends CallbackFilterIterator { static function make($f) { return new static(new ArrayIterator(array()),$f); } } class Still { static function go() { office(); } }`, " "})
	}
	checkReached(t, rows)
}

// What is certain does not count.
func TestOwnRowHandlersWithOptions(t *testing.T) {
	needsVersion(t, 80100, "the samples use syntax of PHP 8.1")
	rows := []reached{}
	for _, body := range []string{
		`filter_var($msg);`, `filter_var($msg,FILTER_VALIDATE_INT,array("options"=>array("min_range"=>1)));`, `filter_var($msg,FILTER_CALLBACK,array("options"=>"trim"));`, `filter_var($msg,filter: FILTER_VALIDATE_URL);`, `filter_var($msg,\FILTER_DEFAULT,array("flags"=>$msg));`,
		`filter_var_array($connection,array("a"=>FILTER_VALIDATE_INT,"b"=>array("filter"=>FILTER_CALLBACK,"options"=>function ($x) { return $x; }),"c"=>257));`, `filter_input(INPUT_GET,"a");`,
		`$s->fetchAll(PDO::FETCH_ASSOC);`, `$s->fetch(2);`, `$s->fetch(PDO::FETCH_NUM|PDO::FETCH_ORI_NEXT);`, `$s->setFetchMode(PDO::FETCH_CLASS,"Quiet");`, `$s->fetch();`, `$db->query("SELECT 1",MYSQLI_USE_RESULT);`, `$s->fetchAll(PDO::FETCH_CLASS,Quiet::class);`, `$s->fetch($msg);`,
		`mysqli_fetch_object($r,"Quiet");`, `mysqli_fetch_object($r,Quiet::class);`, `$x=new SplFileInfo("/"); $x->getFileInfo(); $x->getFileInfo(null);`, `$db->setAttribute(PDO::ATTR_STATEMENT_CLASS,array("Quiet",array($msg)));`,
		`curl_setopt($c,CURLOPT_URL,$msg);`, `curl_setopt($c,CURLOPT_WRITEFUNCTION,function ($c,$d) { return strlen($d); });`, `curl_setopt_array($c,array(CURLOPT_URL=>$msg,CURLOPT_TIMEOUT=>3,));`, `$o=array(CURLOPT_URL=>$msg); $o[CURLOPT_TIMEOUT]=3; curl_setopt_array($c,$o);`,
		`curl_setopt($c,$connection["o"],true);`, `$port=20021; $x=array(20022,20080);`, `array_map(callback: "trim", array: array($msg));`, `usort(callback: fn($a,$b)=>0, array: $connection["x"]);`, `close_client(client_key: $client_key);`, `close_client(reason: $msg, client_key: $client_key);`,
		`send_text(msg: $msg, client_key: $client_key);`, `array_map(new Caller(1),array(1,),);`, `array_map((fn($x)=>$x),array(1));`, `array_map($connection["o"]->go(...),array(1));`, `$x="App\Models\User"; $y="\$connections\[";`, `class_exists("Quiet"); is_callable($msg); method_exists($msg,"x");`,
	} {
		rows = append(rows, reached{body: body, beside: `class Quiet { function go() { } } class Caller { function __construct($x) { } function __invoke() { } }`})
	}
	checkReached(t, rows)
	a := newApp(t, "")
	d := a.described(head + ` { send_text(client_key: $client_key, msg: $msg); close_client(client_key: $client_key); }`)
	if d.Handlers["ws_server_text"].Peers {
		t.Error("a named client key is not the handler's own")
	}
}

// With an autoloader, a class that only data names may be one that was not read.
func TestClassesThatOnlyDataNames(t *testing.T) {
	rows := []reached{}
	for _, body := range []string{
		`$s->fetch($msg);`, `is_callable($msg);`, `method_exists($msg,"x");`, `is_subclass_of($msg,"Quiet");`, `get_class_methods($msg);`, `echo constant($msg);`, `class_implements($msg);`, `array_map(array($msg,"go"),array(1));`, `session_start();`, `apcu_fetch("x");`,
		`array_map("class_exists",array($msg));`,
	} {
		rows = append(rows, reached{body, `spl_autoload_register(function ($c) { }); class Quiet { function go() { } }`, " "})
	}
	for _, body := range []string{`method_exists($this,"x");`, `array_map(array(new Quiet,"go"),array(1));`, `class_exists("Quiet");`, `echo constant("PHP_EOL");`, `method_exists("Quiet","go");`} {
		rows = append(rows, reached{body, `spl_autoload_register(function ($c) { }); class Quiet { function go() { } }`, ""})
	}
	checkReached(t, rows)
}

func TestProcessWideUsesThatAreHidden(t *testing.T) {
	a := newApp(t, "")
	for _, body := range []string{
		`call_user_func("Locale::setDefault","de");`, `array_map(array("Locale","setDefault"),array("de"));`, `$x=new DOMDocument(); libxml_use_internal_errors(true);`, `echo template_fill("x"); define("X",1);`,
	} {
		if a.described(head + " { " + body + " }").Handlers["ws_server_text"].Process == nil {
			t.Errorf("%s: any process can run it", body)
		}
	}
}

// PHP tells by the types and the names of parameters what takes callables and classes.
func TestCallbacksOfThisPHPAreListed(t *testing.T) {
	needsVersion(t, 80000, "before PHP 8 few parameters have types")
	if missing := runPHP(t, "testdata/callables.php"); missing != "" {
		t.Errorf("PHP has parameters that may be called, or name classes, and are not in Callbacks:\n%s", missing)
	}
}

// Each helper of wsbridge says what it reaches.
func TestHelpersSayWhatTheyReach(t *testing.T) {
	names := strings.Fields(runPHP(t, "-r", `require "src/Helpers.php"; echo implode(" ",array_keys(Wsbridge\Helpers::parameters()));`))
	if len(names) < 17 {
		t.Fatalf("found %q", names)
	}
	a := newApp(t, "")
	var body strings.Builder
	for _, name := range names {
		if strings.Contains(name, "_process") || name == "kill_recurse" { // they run alone, with all rows
			continue
		}
		argument := "$x"
		if slices.Contains([]string{"send_text", "do_reply", "close_client"}, name) {
			argument = "$client_key"
		}
		fmt.Fprintf(&body, "%s(%s);", name, argument)
	}
	if h := a.described(head + " { " + body.String() + " }").Handlers["ws_server_text"]; h.Table != nil {
		t.Errorf("got %s", toJSON(h))
	}
}
