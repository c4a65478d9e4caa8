package state

import (
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Values in rows.

func TestValuesSurvive(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval + `
class Thing { public $a=array(3=>1.0); protected $b="\xff"; private $c; public function __construct() { $this->c=$this; } }`})
	for name, value := range map[string]string{
		"whole float":       `1.0`,
		"negative zero":     `-0.0`,
		"not a number":      `NAN`,
		"infinity":          `-INF`,
		"precise float":     `0.1+0.2`,
		"large integer":     `PHP_INT_MAX`,
		"integer keys":      `array(7=>"a",3=>"b")`,
		"list out of order": `array(1=>"a",0=>"b")`,
		"nested":            `array("a"=>array(2=>array(1.0,array())))`,
		"empty array":       `array()`,
		"empty key":         `array(""=>1)`,
		"binary string":     `"\xff\x00\xfe"`,
		"binary key":        `array("\xff"=>1)`,
		"utf-8":             `"Grüße, 世界 🎉"`,
		"null":              `null`,
		"object":            `new ArrayObject(array(1,2))`,
		"own object":        `new Thing()`,
		"objects in arrays": `array(7=>new Thing(),"x"=>array(new ArrayObject(array(1.0))))`,
		"booleans":          `array(True,False)`,
		"numeric strings":   `array("1"=>"1","1.0"=>"1.0","01"=>"01")`,
		"shaped like a tag": `array("\0php"=>base64_encode(serialize(new ArrayObject())))`,
		"deep":              `array_reduce(range(1,600),function($a){return array($a);},1.0)`,
	} {
		t.Run(name, func(t *testing.T) {
			c, other := s.In(t).Connect(), s.In(t).Connect()
			set := `$value=` + value + `; $connection["v"]=$value; $connection["w"]=md5(serialize($value)); return "set";`
			if got := c.Ask(set); got != "set" {
				t.Fatal(got)
			}
			// Another event writes the row, too, and so carries the value once more.
			if got := other.Ask(`foreach ($connections as $k => &$c) { $c["touched"]=1; } return "touched";`); got != "touched" {
				t.Fatal(got)
			}
			same := `return md5(serialize($connection["v"]))===$connection["w"];`
			if got := c.Ask(same); got != "true" {
				t.Errorf("changed: %s", c.Ask(`return var_dump_to_str($connection["v"]);`))
			}
		})
	}
}

func TestHostileJSONStaysData(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: harness.Eval + `
class Evil { public function __wakeup() { file_put_contents(__DIR__."/evil","woken"); } }
function ws_server_binary(&$connections,&$connection,$client_key,$data) { $connection["doc"]=json_decode($data,True); send_text($client_key,"kept"); }`})
	c := s.Connect()
	if err := c.Conn.WriteMessage(2, []byte(`{"\u0000php":"Tzo0OiJFdmlsIjowOnt9"}`)); err != nil { // O:4:"Evil":0:{}
		t.Fatal(err)
	}
	c.Want("kept")
	c.Send(`return array(is_array($connection["doc"]),$connection["doc"]["\0php"],file_exists(__DIR__."/evil"));`)
	c.Want(`[true,"Tzo0OiJFdmlsIjowOnt9",false]`)
}

// With one request per event. In a resident worker these values live.
func TestWhatCannotLiveIsReported(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: harness.Eval, TOML: harness.RequestPerEvent})
	c := s.Connect()
	c.Send(`$connection["v"]="old"; $connection["w"]="old"; return "ok";`)
	c.Want("ok")
	c.Send(`$connection["v"]=fopen("php://memory","r"); $connection["w"]=function(){}; $connection["x"]="new"; return "ok";`)
	c.Want("ok")
	s.Log.Wait("", "v", "resource")
	s.Log.Wait("", "w", "Closure")
	c.Send(`return array($connection["v"],$connection["w"],$connection["x"]);`)
	c.Want(`["old","old","new"]`)
}

func TestObjectOfAClassThatHandlersLoadLate(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	require_once("thing.php");
	if ($msg=="make") { $connection["thing"]=new Thing(); }
	send_text($client_key,$connection["thing"]->more());
}
function ws_server_open(&$connections,&$connection,$client_key) { foreach ($connections as $k => &$c) { $c["seen"]=$client_key; } }`}
	s := harness.Prepare(t, a)
	s.Write("thing.php", `<?php class Thing { private $n=1.0; public function more() { $this->n+=1; return var_export($this->n,True); } }`)
	s.Run(a)
	c := s.Connect()
	c.Send("make")
	c.Want("2.0")
	s.Connect() // its open handler does not know the class, and writes the row
	if got := c.Ask("use"); got != "3.0" {
		t.Errorf("got %q", got)
	}
}
