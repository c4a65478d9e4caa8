package phphandlers

import (
	"strings"
	"testing"
)

// Each of these handlers writes to the global $g.
func TestGlobalWritesInDisguise(t *testing.T) {
	a := newApp(t, "")
	magic := func(body string) string {
		if strings.Contains(body, "new M;") {
			return `function __toString() { tick(); return ""; } function __destruct() { tick(); }`
		}
		return ""
	}
	for _, body := range []string{
		`global $g; $g=1;`, `global $g; $g["a"]["b"]=1;`, `global $g; $g[]=1;`, `global $g; $g.="x";`, `global $g; $g??=1;`, `global $g; ++$g["x"];`, `global $g; $g["x"]--;`,
		`global $g; $x=&$g;`, `global $g; $x=&$g["a"];`, `global $g; $x=array(1,&$g);`, `global $g; $x=["a"=>&$g["b"]];`, `global $g; unset($g);`, `global $g; unset($x,$g["a"]);`,
		`global $g; list($g)=$msg;`, `global $g; list(,list("a"=>$g["x"]))=$msg;`, `global $g; [$x,[,$g]]=$msg;`, `global $g; foreach ($msg as $g) {}`, `global $g; foreach ($msg as $k=>$g["x"]) {}`,
		`global $g; foreach ($msg as $g=>$v) {}`, `global $g; foreach ($g as &$v) {}`, `global $g; foreach ($g["a"] as $k=>&$v) {}`, `global $g; foreach ($msg as [$x,$g]) {}`, `global $g; for ($g=0;$g<3;) {}`,
		`global $g; sort($g);`, `global $g; array_push($g["x"],1);`, `global $g; preg_match("/a/","a",$g);`, `global $g; array_multisort($x,SORT_ASC,$g);`, `global $g; end($g);`, `global $g; sscanf("1","%d",$x,$g);`,
		`global $g; change($g);`, `global $g; change($g["x"]);`, `global $g; change((($g)));`, `global $g; $c->change($x,$g);`, `global $g; C::change($x,$g);`, `global $g; new C($g);`, `global $g; $f($g);`, `global $g; rest(1,2,$g);`,
		`global $g; $g->n=1;`, `global $g; $g->n();`, `global $g; $g["a"]->n["b"]++;`, `global $g; $g?->n();`, `global $g; echo "{$g->n()}";`, `global $g; $g->n->m();`, `global $g; $g::$n=1;`, `global $g; $g[0]();`,
		`global $x,$g; $g=1;`, `global $a; global $b,$g,$c; $g=1;`, `$f=function () use (&$g) { global $g; $g=1; };`, `$f=function () { global $g; $g=1; }; `, `$GLOBALS["g"]++;`, `$GLOBALS['g']['x'][]=1;`, `unset($GLOBALS["g"]);`,
		`$x=&$GLOBALS["g"];`, `foreach ($msg as $GLOBALS["g"]) {}`, `list($GLOBALS["g"])=$msg;`, `change($GLOBALS["g"]);`, `sort($GLOBALS["g"]["x"]);`, `$GLOBALS[ "g" ] = 1;`, `$GLOBALS["\x67"]=1;`,
		`global $g; extract($msg);`, `global $g; $$msg=1;`, `global $g; eval($msg);`, `global $g; parse_str($msg);`, `global $$msg; read();`, `$GLOBALS[$msg]=1; read();`, `get()[]=1;`, `$x=&get();`, `global $g; return $g=1;`,
		`global $g; if ($g=f()) {}`, `global $g; while (($g=next($x))!==False) {}`, `global $g; $x=$y=$g=1;`, `global $g; $g=$g+1;`, `global $g; $g[$msg]=$g[$msg]??1;`, `global $g; f($g=1);`, `global $g; echo "{$x[$g=1]}";`,
		`GLOBAL $g; $g=1;`, `global $g; { $g=1; }`, `global $g; switch ($msg) { case 1: $g=1; }`, `global $g; $x=fn()=>$g->z();`, `global $g; try {} catch (Exception $g) {}`, `global $g; static $g;`,
		`global $g; array_walk($g,function (&$v) { $v=1; });`, `global $g; call_user_func_array("change",array(&$g));`, `global $g; settype($g,"int");`, `global $g; mysqli_stmt_bind_result($s,$g);`, `global $g; $s->bind_result($g);`,
		`$m=new M; $m->go();`, `M::sgo();`, `array_map("tick",array(1));`, `echo new M;`, `$x=new M; unset($x);`,
	} {
		d := a.described(head + ` { ` + body + ` } function change(&$x,&$y=1) {} class C { function __construct(&$x) {} function change($x,&$y) {} } function rest($x,&...$y) {} function f() { return 1; }
function read() { global $g; return $g; } function &get() { global $g; return $g; } function tick() { global $g; $g++; }
class M { function go() { global $g; $g=1; } static function sgo() { tick(); }` + magic(body) + ` function n() {} }
class D { function z() {} }`)
		if d != nil && !d.Globals["g"].Lives {
			t.Errorf("%s: got %s", body, toJSON(d.Globals))
		}
	}
}
