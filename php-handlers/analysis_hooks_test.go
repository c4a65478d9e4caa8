package phphandlers

import (
	"strings"
	"testing"
)

// Each of these classes has a property whose hook reaches the table, or writes the global variable $n.
var hooked = []string{
	`class A { public string $v { get { HERE return "x"; } } }`,
	`class A { public string $v { get => $this->f(); } function f() { HERE return "x"; } }`,
	`class A { public string $v { set { HERE $this->v=$value; } } }`,
	`class A { public string $v="x" { set(string|int $value) { HERE $this->v=$value; } } }`,
	`class A { public array $v=["a"=>[1]] { &get { HERE return $this->v; } } }`,
	`class A { public string $v { #[Other("a")] final get { HERE return "x"; } set => $value; } }`,
	`class A { function __construct(public string $v { set { HERE $this->v=$value; } }) { } }`,
	`class A { function __construct(private int $a=1, public readonly int $b=2, public string $v="x" { get => $this->v; set(string $to) { HERE $this->v=$to; } }, $c=3) { } }`,
	`class A { function __construct(public private(set) string $v { get { HERE return $this->v; } }) { } }`,
	`class A { function __construct(public Closure|string $v { get => (function () { HERE return "x"; })(); }) { } }`,
	`trait T { public string $v { get { HERE return "x"; } } } class A { use T; }`,
	`abstract class B { abstract public string $v { get; } } class A extends B { public string $v { get { HERE return "x"; } } }`,
	`$a=new class("x") { function __construct(public string $v { get { HERE return $this->v; } }) { } };`,
}

func TestHooksOfPropertiesCountWherePropertiesAreUsed(t *testing.T) {
	needsVersion(t, 80400, "PHP 8.4 has hooks of properties")
	a := newApp(t, "")
	for _, class := range hooked {
		wide := a.described(head + ` { $connection["o"]->v=$connection["o"]->v; } ` + strings.Replace(class, "HERE", "global $connections; $x=count($connections);", 1))
		if wide.Handlers["ws_server_text"].Table == nil {
			t.Errorf("%s: own row", class)
		}
		writing := a.described(head + ` { $connection["o"]->v=1; } ` + strings.Replace(class, "HERE", "global $n; $n++;", 1))
		if !writing.Globals["n"].Lives {
			t.Errorf("%s: $n does not live: %s", class, toJSON(writing))
		}
		static := a.described(head + ` { $connection["o"]->v=1; } ` + strings.Replace(class, "HERE", "static $n; $n++;", 1))
		if static.Handlers["ws_server_text"].Process == nil {
			t.Errorf("%s: any process can run it", class)
		}
		quiet := a.described(head + ` { $connection["o"]->v=1; } ` + strings.Replace(class, "HERE", "", 1))
		if h := quiet.Handlers["ws_server_text"]; h.Table != nil || h.Process != nil {
			t.Errorf("%s: %s", class, toJSON(h))
		}
	}
}

func TestSyntaxOfPHP84(t *testing.T) {
	needsVersion(t, 80400, "PHP 8.4 has hooks of properties")
	const beside = `function office() { global $connections; return "x"; } class A { public string $v { get => "x"; set(int|string $v) { $this->v=$v; } } function go() { return "off"."ice"; } static function sgo() { office(); } }
class B extends A { public string $v { get => parent::$v::get(); set(int|string $x) { parent::$v::set($x); } } } class C { function __construct() { office(); } function go() { } }`
	checkReached(t, []reached{
		{`$a=new A(); $a->v="x"; echo new A()->v, new B()->v;`, beside, ""},
		{`new A()->go();`, beside, ""},
		{`new A()->sgo();`, beside, "A::sgo()"},
		{`new C()->go();`, beside, "C::__construct()"},
		{`array_map(new A()->go(),array(1));`, beside, "passes an expression"},
		{`new A()();`, beside, "calls what an expression gives"},
		{`array_any(array(1),"office");`, beside, "office()"},
		{`array_find(array(1),$msg);`, beside, "passes $msg"},
		{`array_all(array(1),fn($x)=>$x>0);`, beside, ""},
	})
	i := newApp(t, "").inspected(authenticates + head + ` { } class D { function __construct(public string $v { get => $this->v; set(int|string $v) { $this->v=$v; } }) { } } class E { public array $w { &get => $this->x; } private $x=array(); }`)
	if len(i.Findings) > 0 {
		t.Errorf("found %s", toJSON(i.Findings))
	}
}

func TestSyntaxOfPHP85(t *testing.T) {
	needsVersion(t, 80500, "PHP 8.5 has the operator |>")
	const beside = `function office($x) { global $connections; return $x; } class A { public $f=static function ($x) { return $x; }; }`
	checkReached(t, []reached{
		{`$x=$msg |> "trim" |> strtoupper(...) |> (fn($x)=>$x."!") |> (function ($x) { return $x; });`, "", ""},
		{`$x=($msg |> "trim")."x"; $y=[$msg |> "trim", 1];`, "", ""},
		{`$x=$msg |> "office";`, beside, "office()"},
		{`$x=$msg |> $connection["f"];`, beside, "calls $connection"},
		{`$x=$msg |> "tr"."im";`, beside, "calls"},
		{`$x=3 |> close_client(...);`, "", "closes a client"},
		{`$x=$msg;`, beside + ` class B { const F=static function () { office(1); }; }`, "office()"},
		{`$x=$msg;`, beside, ""},
	})
}
