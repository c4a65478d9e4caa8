package phphandlers

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

// described returns the description of an application whose events file is code, in a folder of its own.
func (a *app) described(code string, params ...string) *protocol.Description {
	a.t.Helper()
	d := &protocol.Description{}
	if !a.asked(protocol.Describe, code, d, params...) {
		return nil
	}
	return d
}

// samplesFrom is the oldest PHP, as PHP_VERSION_ID has it, that has to know the syntax of all samples.
const samplesFrom = 80200

// asked sends an event to such an application and decodes its result. It returns false if the code is newer than this PHP.
func (a *app) asked(kind protocol.Kind, code string, result any, params ...string) bool {
	a.t.Helper()
	a.folders++ // opcache takes two versions of a file that are written within a second for the same
	file := a.write(a.t, fmt.Sprintf("app/%d/push_server_events.php", a.folders), "<?php\n"+code)
	effects := a.with(append([]string{"events", file}, params...)...).run(&protocol.Event{Kind: kind, Seq: 1})
	last := effects[len(effects)-1]
	if f := last.Failed; f != nil && strings.HasPrefix(f.Message, "ParseError: ") && phpVersion(a.t) < samplesFrom {
		return false
	}
	if last.Done == nil {
		a.t.Fatalf("%s: got %s", code, toJSON(last.Failed))
	}
	for _, line := range logged(effects) {
		if !strings.HasPrefix(line, "debug ") { // deprecations
			a.t.Errorf("%s: logged %s", code, line)
		}
	}
	if err := json.Unmarshal(last.Done.Result, result); err != nil {
		a.t.Fatalf("%v in %s", err, last.Done.Result)
	}
	return true
}

// reached is the body of a handler, the code beside it, and why it needs the table: part of the reason, or "" if it does not.
type reached struct{ body, beside, why string }

func (r reached) events() string {
	return "function ws_server_text(&$connections,&$connection,$client_key,$msg) { " + r.body + " }\n" + r.beside
}

func checkReached(t *testing.T, rows []reached) {
	t.Helper()
	a := newApp(t, "")
	for _, row := range rows {
		d := a.described(row.events())
		if d == nil {
			continue
		}
		got := d.Handlers["ws_server_text"].Table
		switch {
		case row.why == "" && got != nil:
			t.Errorf("%s %s: reaches the table, since it %s", row.body, row.beside, toJSON(got))
		case row.why != "" && (got == nil || !strings.Contains(got.Why, row.why)):
			t.Errorf("%s %s: got %s, want %s", row.body, row.beside, toJSON(got), row.why)
		case row.why != "" && (!strings.HasSuffix(got.File, ".php") || got.Line < 2):
			t.Errorf("%s %s: no place in %s", row.body, row.beside, toJSON(got))
		}
	}
}

func TestOwnRowHandlers(t *testing.T) {
	rows := []reached{}
	for _, body := range []string{
		``, `return;`, `$connection["n"]=isset($connection["n"])?$connection["n"]+1:1;`, `send_text($client_key,$msg);`,
		`$data=json_decode($msg,True); if ($data===NULL) { return; } switch ($data["cmd"]) { case "a": $connection["x"]=1; break; default: broadcast_to_all($msg); }`,
		`foreach ($connection["items"] as $key => &$item) { $item=trim($item); } unset($item);`, `list($a,$b)=explode(" ",$msg); $connection[$a]=$b;`,
		`$connections[$client_key]["n"]=1;`, `if (isset($connections[$client_key]["n"])==False) { $connections[$client_key]["n"]=array(); }`,
		`$row=&$connections[$client_key]; $row["n"]=1;`, `show_message("from $connections[$client_key]"); show_message("{$connections[$client_key]["n"]}");`,
		`close_client($client_key,1000,"bye");`, `do_reply($client_key,encode_frame(2,$msg));`, `show_message(sprintf("%s: %d",$msg,strlen($msg)));`,
		`$x=preg_replace_callback("/a/",function ($m) { return strtoupper($m[0]); },$msg);`, `$x=array_map("trim",explode(",",$msg)); sort($x); array_walk($x,"strlen");`,
		`usort($connection["n"],function ($a,$b) use ($msg) { return strcmp($a,$b); });`, `$x=array_filter(array(1,2)); $y=array_map(null,$x,$x);`,
		`$f="x"; $g=$connection[$f]; $h=array($f,$g); echo implode(",",$h);`, `try { $x=new DateTime($msg); echo $x->format("Y"); } catch (Exception $e) { echo $e->getMessage(); }`,
		`$db=new PDO("sqlite::memory:"); $s=$db->prepare("SELECT 1"); $s->execute(array($msg)); while ($r=$s->fetch(PDO::FETCH_ASSOC)) { echo $r["a"]; }`,
		`$db=mysqli_connect("a","b"); $r=mysqli_query($db,"SELECT 1") or die("x"); while ($row=mysqli_fetch_assoc($r)) { $connection["x"]=$row; } mysqli_close($db);`,
		`$db=new mysqli("a"); $s=$db->prepare("x"); $s->bind_param("s",$msg); $s->execute(); $s->bind_result($x); $s->fetch(); $s->close();`,
		`session_start(); $_SESSION["a"]=1; session_write_close(); $x=$_COOKIE["y"]; $z=$_SERVER["REMOTE_ADDR"];`, `$x=compact("msg","client_key"); echo count($x);`,
		`$GLOBALS["counter"]=1; global $other; $other[]=$msg;`, `$x=<<<EOT
 hello $msg {$connection["name"]} ${client_key} $connection[name] ->connections connections $ x
EOT;`,
		`$x='$connections'; /* $connections */ # $connections
`, `$f=function () { return 1; };`, `$x=$client_key; $y=$client_key+1; $z=array($client_key=>1); send_text($x,"b"); if ($client_key==$y) {}`,
		`$x=count($connection)&$client_key; $connections[$client_key]["y"]=$x;`, `mb_strlen($msg); curl_setopt($c=curl_init("x"),CURLOPT_URL,$msg); curl_exec($c);`,
		`foreach (array(1) as $i => $x): echo $i; endforeach; for ($i=0;$i<3;$i++) { continue; } while (False); do { } while (0);`,
		`if ($msg=="a") { ($msg); }`, `$x=(function () { return 1; })();`, `$x=unserialize($msg); $y=serialize($x); assert(True);`,
		`template_fill("x",array("a"=>1)); load_files("x"); send_email("a","b","c"); $b=""; decode_frame($b);`, `set_error_handler(null); ob_start(); ob_end_clean();`,
		`if (function_exists("later")==True) { later($msg); } if (class_exists("Later")) { new Later($msg); }`, `parse_str($msg,$out); $connections[$client_key]["n"]=$out;`,
		`$x=match(True) { $msg==="a" => 1, default => 2 }; $y=array_map(fn($v)=>$v*2,[1]); $z=array_map(strlen(...),["a"]); $connection["o"]?->foo;`,
	} {
		rows = append(rows, reached{body: body})
	}
	for body, beside := range map[string]string{
		`answer($client_key,$msg);`:                    `function answer($client_key,$msg) { send_text($client_key,"you said ".$msg); }`,
		`helper($connections[$client_key]);`:           `function helper(&$row) { $row["x"]=1; }`,
		`echo Text::clean($msg); echo Text::$last;`:    `class Text { static $last=""; static function clean($x) { self::$last=$x; return self::cut(static::cut($x)); } static function cut($x) { return trim($x); } }`,
		`$o=new Office($msg); $o->enter($client_key);`: `class Office extends Base { private $name; function __construct($n) { parent::__construct(); $this->name=$n; } function enter($k) { $this->log[]=$k; return $this; } } abstract class Base { protected $log=array(); function __construct() {} }`,
		`$c=new Bag(); $c["x"]=1; echo count($c);`:     `class Bag implements ArrayAccess, Countable { private $a=array(); #[ReturnTypeWillChange]` + "\n" + `function offsetGet($o) { return $this->a[$o]; } function offsetSet($o,$v): void { $this->a[$o]=$v; } function offsetExists($o): bool { return True; } function offsetUnset($o): void {} function count(): int { return 1; } }`,
		`usort($connection["x"],"by_name"); db();`:     `function by_name($a,$b) { return strcmp($a["n"],$b["n"]); } function db() { global $db; if ($db===NULL) { $db=new PDO("x"); } return $db; }`,
		`usort($connection["x"],array("S","cmp"));`:    `class S { static function cmp($a,$b) { return 0; } }`,
		`unused();`: `function unused() { } function office_all(&$connections) { foreach ($connections as $c) { } }`,
		`$x=f($client_key); $connections[$client_key]=$x;`: `function f($key) { return array(); }`,
		`$x=trim($msg);`:              `$commands=array("kick"=>"kick","say"=>array("S","say")); function kick() { global $connections; } class S { function say() { global $connections; } }`,
		`echo $connection["o"]->x;`:   `class A { function __call($n,$a) { return call_user_func_array(array($this->o,$n),$a); } static function __callStatic($n,$a) { global $connections; } }`,
		`$x=new Sub($msg,$msg);`:      `class Base2 { function __construct($a,$b) {} } class Sub extends Base2 { function __construct($a,$b) { parent::__construct($a,$b); } }`,
		`$x=count($connection["o"]);`: `class P { function count() { global $connections; } } class Q implements Countable { function count(): int { return 1; } }`,
		`log_it($msg);`:               `function log_it($m) { static $n=0; $n++; file_put_contents("/dev/null",$m."\n",FILE_APPEND); }`,
		`once();`:                     `foreach (array("a","b") as $file) { $x=$file; } $config=array("a"=>1); extract($config); function once() { global $config; return $config["a"]; }`,
		`$x=new T2(); $x->hello();`:   `trait T1 { function hi() { return 1; } } class T2 { use T1 { hi as protected hello2; hi as hello; } }`,
		`echo X\f(); echo new X\Y();`: `class Z { function __toString() { return ""; } }`,
	} {
		if strings.Contains(body, `X\`) {
			beside, body = "", `echo 1;`
		}
		rows = append(rows, reached{body: body, beside: beside})
	}
	checkReached(t, rows)
}

func TestTableHandlers(t *testing.T) {
	checkReached(t, []reached{
		{`foreach ($connections as $k => $c) { send_text($k,$msg); }`, ``, "uses $connections"},
		{`$n=count($connections);`, ``, "uses $connections"},
		{`$connections[$msg]["x"]=1;`, ``, "uses $connections"},
		{`$connections[1]["x"]=1;`, ``, "uses $connections"},
		{`echo "$connections";`, ``, "uses $connections"},
		{`echo "${connections}";`, ``, "uses $connections"},
		{`echo "{$connections[1]["x"]}";`, ``, "uses $connections"},
		{"echo <<<A\n$connections[1]\nA;", ``, "uses $connections"},
		{`$f=function () use (&$connections) { };`, ``, "uses $connections"},
		{`office($connections);`, `function office(&$c) { }`, "uses $connections"},
		{`office();`, `function office() { global $x,$connections; return count($connections); }`, "office() uses global $connections"},
		{`a();`, `function a() { b(); } function b() { c(); } function c() { $GLOBALS["connections"][1]=1; }`, `c() uses $GLOBALS["connections"], called by b()`},
		{`a($msg);`, `function a($n) { $GLOBALS[$n]=1; }`, "a() uses $GLOBALS by a name that is computed"},
		{`foreach ($GLOBALS as $k => $v) { }`, ``, "uses $GLOBALS"},
		{`$x="connections"; $$x=1;`, ``, "by a name that is computed"},
		{`echo ${"connections"}[1];`, ``, "by a name that is computed"},
		{`echo "${$msg}";`, ``, "by a name that is computed"},
		{`extract($connection);`, ``, "calls extract()"},
		{`$x=compact("connections");`, ``, "uses $connections"},
		{`$x=compact($msg);`, ``, "calls compact()"},
		{`$x=get_defined_vars();`, ``, "calls get_defined_vars()"},
		{`parse_str($msg);`, ``, "calls parse_str()"},
		{`eval($msg);`, ``, "uses eval"},
		{`$f=create_function('$a','return $a;');`, ``, "create_function"},
		{`$x=debug_backtrace();`, ``, "calls debug_backtrace()"},
		{`$x=new ReflectionFunction("f");`, ``, "ReflectionFunction"},
		{`register_tick_function("strlen");`, ``, "register_tick_function"},
		{`include $msg;`, ``, "includes a file whose name cannot be told"},
		{`require "nowhere.php";`, ``, "includes a file whose name cannot be told"},
		{`missing($msg);`, ``, "calls missing(), which does not exist"},
		{`new Missing();`, ``, "uses class Missing, which does not exist"},
		{`Missing::call();`, ``, "uses class Missing, which does not exist"},
		{`$connection["o"]->nowhere();`, ``, "calls ->nowhere(), which no class has"},
		{`$f="x"; $f();`, ``, "calls $f, which could be anything"},
		{`$f="x"; $o=new DateTime(); $o->$f();`, ``, "calls $f, which could be anything"},
		{`$f="x"; DateTime::$f();`, ``, "calls $f, which could be anything"},
		{`$c="x"; new $c;`, ``, "makes an object of $c"},
		{`new ($msg);`, ``, "makes an object of a class that is computed"},
		{`$c="x"; $c::make();`, ``, "class that is computed"},
		{`$connection["f"](1);`, ``, "calls what an expression gives"},
		{`f()();`, `function f() { return "x"; }`, "calls what an expression gives"},
		{`"foo"();`, `function foo() {}`, "calls what an expression gives"},
		{`$o->{"a".$msg}();`, ``, "calls what an expression gives"},
		{`call_user_func($msg);`, ``, "passes $msg, which could be anything, to call_user_func()"},
		{`call_user_func_array("office_".$msg,array());`, ``, "to call_user_func_array()"},
		{`array_map($msg,array(1));`, ``, "passes $msg, which could be anything, to array_map()"},
		{`usort($connection["x"],$connection["by"]);`, ``, "to usort()"},
		{`array_udiff(array(1),array(2),$msg);`, ``, "to array_udiff()"},
		{`ob_start($msg);`, ``, "to ob_start()"},
		{`array_map(array($connection["o"],$msg),array(1));`, ``, "to array_map()"},
		{`array_map(...$connection["args"]);`, ``, "spread or named"},
		{`array_map("office",array(1));`, `function office($x) { global $connections; }`, "office() uses global $connections"},
		{`set_error_handler("office");`, `function office() { global $connections; }`, "office() uses global $connections"},
		{`array_map(array("S","m"),array(1));`, `class S { static function m($x) { global $connections; } }`, "S::m() uses global $connections"},
		{`array_map("S::m",array(1));`, `class S { static function m($x) { global $connections; } }`, "S::m() uses global $connections"},
		{`array_map(office(...),array(1));`, `function office($x) { global $connections; }`, "office() uses global $connections"},
		{`$h=array("say"=>"office");`, `function office() { global $connections; }`, "office() uses global $connections"},
		{`array_map("missing",array(1));`, ``, "calls missing(), which does not exist"},
		{`array_map("debug_backtrace",array(1));`, ``, "debug_backtrace"},
		{`iterator_apply(new ArrayIterator(array()),$msg);`, ``, "to iterator_apply()"},
		{`$x=new CallbackFilterIterator(new ArrayIterator(array()),$msg);`, ``, "to new CallbackFilterIterator"},
		{`new F(new ArrayIterator(array()),$msg);`, `class F extends G {} class G extends CallbackFilterIterator {}`, "to new F"},
		{`new F($msg);`, `class F extends CallbackFilterIterator { function __construct($f) { parent::__construct(new ArrayIterator(array()),$f); } }`, "passes $f"},
		{`$x=new ArrayObject(array(2,1)); $x->uasort($msg);`, ``, "to ->uasort()"},
		{`curl_setopt($c,CURLOPT_WRITEFUNCTION,$msg);`, ``, "CURLOPT_WRITEFUNCTION"},
		{`$s->fetchAll(PDO::FETCH_FUNC,$msg);`, ``, "FETCH_FUNC"},
		{`preg_replace_callback_array(array("/a/"=>$msg),"");`, ``, "preg_replace_callback_array()"},
		{`$f=function () { }; $f->__invoke();`, ``, "calls ->__invoke()"},
		{`$connection["o"]->enter();`, `class A { function enter() { global $connections; } }`, "A::enter() uses global $connections"},
		{`A::enter();`, `class A { static function enter() { self::all(); } static function all() { global $connections; } }`, "A::all() uses global $connections, called by A::enter()"},
		{`new B();`, `class A { function __construct() { global $connections; } } class B extends A { }`, "A::__construct() uses global $connections"},
		{`$x=new B();`, `class A { function __destruct() { global $connections; } } class B extends A { }`, "A::__destruct() uses global $connections"},
		{`$connection["o"]->x();`, `class A { function x() {} } class B { function __call($n,$a) { return call_user_func_array(array($this->o,$n),$a); } }`, "B::__call() passes"},
		{`echo $connection["o"];`, `class A { function __toString() { global $connections; return ""; } }`, "A::__toString() uses global $connections"},
		{`foreach ($connection["o"] as $x) {}`, `class A implements IteratorAggregate { function getIterator(): Iterator { global $connections; return new ArrayIterator($connections); } }`, "A::getIterator() uses global $connections"},
		{`$x=new class { function go() { global $connections; } }; $x->go();`, ``, "class@anonymous::go() uses global $connections"},
		{`$x=new C; $x->n();`, `trait T { function m() { global $connections; } } class C { use T { m as n; } }`, "T::m() uses global $connections"},
		{`close_client(3);`, ``, "closes a client that may be another one"},
		{`close_client($connection["key"]);`, ``, "closes a client that may be another one"},
		{`kick($client_key);`, `function kick($client_key) { close_client($client_key); }`, "kick() closes a client that may be another one"},
		{`do_reply(3,"x");`, `function ws_server_read(&$connections,&$connection,$client_key,$data) { }`, "writes to a client that may be another one, before its handshake"},
		{`do_reply($client_key,"x"); $client_key=3;`, `function ws_server_connect(&$connections,&$connection) { }`, "writes to a client that may be another one, before its handshake"},
		{`array_map("do_reply",array(3),array("x"));`, `function ws_server_read(&$connections,&$connection,$client_key,$data) { }`, "before its handshake"},
		{`do_reply($client_key,"x"); send_text(3,"x");`, `function ws_server_read(&$connections,&$connection,$client_key,$data) { }`, ""},
		{`close_client($client_key);`, `function ws_server_before_close(&$connections,&$connection) { foreach ($connections as $c) {} }`, "ws_server_before_close() uses $connections"},
		{`close_client($client_key);`, `function ws_server_after_close(&$all) { echo count($all); }`, "ws_server_after_close() uses $all"},
		{`$o=1; global $server;`, ``, "uses global $server"},
		{`a();`, `function a() { global $sockets; }`, "a() uses global $sockets"},
		{`$x=func_get_args();`, ``, "calls func_get_args()"},
		{`$x->getTrace();`, ``, "calls ->getTrace()"},
		{`echo 1;`, `$all=&$connections;`, "code outside of functions uses $connections, before each event"},
		{`echo 1;`, `set_error_handler("oops"); function oops() { global $connections; }`, "oops() uses global $connections"},
		{`echo 1;`, `function office() { $f=function ($x) use ($connections) {}; } $GLOBALS["connections"][1]=1;`, "code outside of functions"},
		{`a();`, `if (True) { function a() { } } else { function a() { global $connections; } }`, "a() uses global $connections"},
		{`A();`, `function a() { GLOBAL $connections; }`, "a() uses global $connections"},
		{`a(function () { global $connections; });`, `function a($f) { }`, "uses global $connections"},
	})
}

func TestKeysThatMayHaveChanged(t *testing.T) {
	const use = ` $connections[$client_key]["x"]=1;`
	rows := []reached{}
	for _, change := range []string{
		`$client_key=3;`, `$client_key+=1;`, `$client_key++;`, `--$client_key;`, `$x=&$client_key;`, `$x=array(&$client_key);`, `unset($client_key);`,
		`list($client_key)=$msg;`, `list($a,list(,$client_key))=$msg;`, `[$client_key]=$msg;`, `["a"=>[$client_key]]=$msg;`, `foreach ($msg as $client_key) {}`,
		`foreach ($msg as $client_key=>$v) {}`, `foreach ($msg as [$client_key]) {}`, `foreach ($msg as list($client_key)) {}`, `foreach ($client_key as &$v) {}`,
		`static $client_key;`, `static $a=1,$client_key;`, `global $client_key;`, `settype($client_key,"int");`, `preg_match("/x/",$msg,$client_key);`,
		`sscanf($msg,"%d",$client_key);`, `change($client_key);`, `(change(($client_key)));`, `$o->change($client_key);`, `C::change($client_key);`, `new C($client_key);`,
		`mysqli_stmt_bind_result($s,$client_key);`, `$s=new mysqli_stmt; $s->bind_param("i",$client_key);`, `$f=function ($client_key) {};`, `$f=fn($client_key)=>1;`,
		`$f=function () use (&$client_key) {};`, `try {} catch (Exception $client_key) {}`, `$client_key??=3;`, `$client_key[0]=1;`, `$client_key->x=1;`, `$client_key->change($a);`,
		`for ($client_key=0;;) {}`, `while ($client_key=next($connection["x"])) {}`, `change(x: $client_key);`, `change(...$msg,...[]); change($client_key);`,
	} {
		rows = append(rows, reached{change + use, `function change(&$x) {} class C { function __construct(&$x) {} static function change(&$x) {} }`, "client key that may not be its own"})
	}
	rows = append(rows,
		reached{`send_text($client_key,"x"); close_client($client_key); $client_key=3;`, ``, "closes a client that may be another one"},
		reached{`$connections[$client_key]["x"]=1;`, `function ws_server_open(&$connections,&$connection,$client_key) { $x=array(); ws_server_text($x,$x,7,""); }`, "client key that may not be its own"},
		reached{`$connections[$client_key]["x"]=1;`, `function other() { $f="x"; $f(); }`, "client key that may not be its own"},
		reached{`a($client_key); $connections[$client_key]["x"]=1;`, `function a($key) { $key=3; }`, ""},
		reached{`$a[$client_key]=1; $b=$client_key==3; $connections[$client_key]["x"]=1; list($a[$client_key])=$msg; f($client_key,$msg); isset($client_key);`, `function f($a,&$b) {}`, ""},
	)
	checkReached(t, rows)
}

func TestSyntaxThatPHPDoesNotKnowIsNoObstacle(t *testing.T) {
	for name, step := range map[string]string{"testdata/modern.broken.php": "5", "demo/push_server_events.php": "7", "testdata/golden.php": "3"} {
		if out := runPHP(t, "testdata/prefixes.php", name, step); out != "" {
			t.Errorf("%s: %s", name, out)
		}
	}
}

func TestLargeApplicationsAreDescribed(t *testing.T) {
	var code strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&code, `
function office_%[1]d(&$data,$client_key)
{
  global $count_%[1]d;
  $count_%[1]d++;
  foreach ($data["rooms"] as $key => $room)
  {
    $data["rooms"][$key]=trim($room).": ".json_encode(array("n"=>$key));
  }
  return office_%[2]d($data,$client_key);
}`, i, (i+1)%1000)
	}
	code.WriteString(head + "\n{ office_0($connection,$client_key); }\nfunction ws_server_open($connections) { office_5($connections,1); }")
	d := newApp(t, "").described(code.String())
	h := d.Handlers["ws_server_text"]
	if h.Table != nil || len(h.Writes) != 1000 || len(d.Globals) != 1000 || d.Handlers["ws_server_open"].Table == nil {
		t.Errorf("got %s", toJSON(h))
	}
}

func TestMoreCodeThanIsLookedAtIsUnknown(t *testing.T) {
	i := newApp(t, "").inspected(authenticates + head + " { }\n/*" + strings.Repeat("much ", 1<<20) + "*/")
	const why = "the application has more code than is looked at"
	if h := i.Handlers["ws_server_text"]; h.Table == nil || h.Table.Why != why || h.AnyGlobal == nil || !h.Peers || h.Params != 4 {
		t.Errorf("got %s", toJSON(h))
	}
	if len(i.Findings) != 1 || i.Findings[0].Kind != "php" || !strings.HasPrefix(i.Findings[0].Message, why) {
		t.Errorf("found %s", toJSON(i.Findings))
	}
}
