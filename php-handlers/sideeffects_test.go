package phphandlers

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

// looking is a handler that is looked at while it does what $msg names. Its answer says what it was seen to write.
const looking = `
require_once "` + `%s` + `";
$counter=1; $nothing=null; $empty=array(); $big=str_repeat("x",70000); $growing=str_repeat("x",65000);
define("OLD",1);
class A { public static $n=1; private static $hidden=array(1); static function hide() { self::$hidden[]=2; } static function count_up() { static $m=5; $m++; } }
class B extends A {}
class PDOLike extends ArrayObject {}
function count_up() { static $n=0; $n++; }
function &by_name($name) { return $GLOBALS[$name]; }
function act($what)
{
	switch ($what)
	{
		case "nothing": $x=1; $_SERVER["x"]=1; global $connections; $connections[12]["x"]=1; echo A::$n; return;
		case "global": $GLOBALS["counter"]=2; return;
		case "same": $GLOBALS["counter"]="1"; $GLOBALS["counter"]=1; return;
		case "new": $GLOBALS["made"]=1; return;
		case "gone": unset($GLOBALS["counter"]); return;
		case "null to false": $GLOBALS["nothing"]=false; return;
		case "reference": $r=&by_name("empty"); $r[]=1; return;
		case "property": A::$n=2; return;
		case "private": A::hide(); return;
		case "static": count_up(); return;
		case "method": A::count_up(); return;
		case "constant": define("NEW_ONE",1); return;
		case "object": $GLOBALS["nothing"]=new PDOLike(); return;
		case "closure": $GLOBALS["nothing"]=function () {}; return;
		case "connection": $GLOBALS["nothing"]=(new ReflectionClass("Pretend"))->newInstanceWithoutConstructor(); return;
		case "big": $GLOBALS["big"].="y"; return;
		case "growing": $GLOBALS["growing"].=str_repeat("y",1000); return;
	}
}
class Pretend extends PDO {}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	Wsbridge\SideEffects::begin("text");
	act($msg);
	Wsbridge\SideEffects::end("text");
}
function ws_server_binary(&$connections,&$connection,$client_key,$msg)
{
	list($first,$last)=explode(" ",$msg);
	for ($i=1;$i<=$last;$i++)
	{
		Wsbridge\SideEffects::begin("text");
		if ($i>=$first) $GLOBALS["counter"]++;
		Wsbridge\SideEffects::end("text");
		if (Wsbridge\Answer::$wrote!="") { send_text($client_key,$i); Wsbridge\Answer::$wrote=""; }
	}
}`

func lookingApp(t *testing.T) *app {
	t.Helper()
	a := newApp(t, "")
	a.write(t, "app/push_server_events.php", "<?php\n"+strings.Replace(looking, "%s", a.path("php/src/SideEffects.php"), 1))
	return a
}

func TestSideEffectsAreSeen(t *testing.T) {
	a := lookingApp(t)
	for act, want := range map[string]string{
		"nothing": "", "same": "", "global": "$counter", "new": "$made", "gone": "$counter", "null to false": "$nothing", "reference": "$empty",
		"property": "A::$n", "private": "A::$hidden", "static": "$n of count_up()", "method": "$m of A::count_up()", "constant": "NEW_ONE",
		"object": "$nothing", "closure": "$nothing", "connection": "", "big": "", "growing": "$growing",
	} {
		effects := a.run(row(protocol.Text, act, `{"state":"OPEN"}`))
		done := effects[len(effects)-1].Done
		if done == nil || done.Wrote != want {
			t.Errorf("%s: got %s, want %q", act, show(effects), want)
		}
		if lines := strings.Join(logged(effects), "\n"); (want != "") != strings.Contains(lines, "wrote "+want+", which its code does not show") {
			t.Errorf("%s: logged %s", act, lines)
		}
	}
}

func TestSideEffectsAreLookedForInSomeEvents(t *testing.T) {
	a := lookingApp(t)
	sent := func(message string) (seen []string) {
		for _, e := range a.run(row(protocol.Binary, message, `{"state":"OPEN"}`)) {
			if e.Send != nil {
				seen = append(seen, string(e.Send.Payload))
			}
		}
		return seen
	}
	if got := strings.Join(sent("15 200"), " "); got != "15 16 64 128 192" {
		t.Errorf("got %s", got)
	}
}
