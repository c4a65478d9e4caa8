package tests

import (
	"testing"
)

// Values in rows.

func TestValuesSurvive(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: evalText + `
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
			c, other := s.in(t).connect(), s.in(t).connect()
			set := `$value=` + value + `; $connection["v"]=$value; $connection["w"]=md5(serialize($value)); return "set";`
			if got := c.ask(set); got != "set" {
				t.Fatal(got)
			}
			// Another event writes the row, too, and so carries the value once more.
			if got := other.ask(`foreach ($connections as $k => &$c) { $c["touched"]=1; } return "touched";`); got != "touched" {
				t.Fatal(got)
			}
			same := `return md5(serialize($connection["v"]))===$connection["w"];`
			if got := c.ask(same); got != "true" {
				t.Errorf("changed: %s", c.ask(`return var_dump_to_str($connection["v"]);`))
			}
		})
	}
}

func TestHostileJSONStaysData(t *testing.T) {
	s := serve(t, app{handlers: evalText + `
class Evil { public function __wakeup() { file_put_contents(__DIR__."/evil","woken"); } }
function ws_server_binary(&$connections,&$connection,$client_key,$data) { $connection["doc"]=json_decode($data,True); send_text($client_key,"kept"); }`})
	c := s.connect()
	if err := c.conn.WriteMessage(2, []byte(`{"\u0000php":"Tzo0OiJFdmlsIjowOnt9"}`)); err != nil { // O:4:"Evil":0:{}
		t.Fatal(err)
	}
	c.want("kept")
	c.send(`return array(is_array($connection["doc"]),$connection["doc"]["\0php"],file_exists(__DIR__."/evil"));`)
	c.want(`[true,"Tzo0OiJFdmlsIjowOnt9",false]`)
}

func TestWhatCannotLiveIsReported(t *testing.T) {
	s := serve(t, app{handlers: evalText})
	c := s.connect()
	c.send(`$connection["v"]="old"; $connection["w"]="old"; return "ok";`)
	c.want("ok")
	c.send(`$connection["v"]=fopen("php://memory","r"); $connection["w"]=function(){}; $connection["x"]="new"; return "ok";`)
	c.want("ok")
	s.log.wait("", "v", "resource")
	s.log.wait("", "w", "Closure")
	c.send(`return array($connection["v"],$connection["w"],$connection["x"]);`)
	c.want(`["old","old","new"]`)
}

func TestObjectOfAClassThatHandlersLoadLate(t *testing.T) {
	t.Parallel()
	a := app{handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	require_once("thing.php");
	if ($msg=="make") { $connection["thing"]=new Thing(); }
	send_text($client_key,$connection["thing"]->more());
}
function ws_server_open(&$connections,&$connection,$client_key) { foreach ($connections as $k => &$c) { $c["seen"]=$client_key; } }`}
	s := prepare(t, a)
	s.write("thing.php", `<?php class Thing { private $n=1.0; public function more() { $this->n+=1; return var_export($this->n,True); } }`)
	s.run(a)
	c := s.connect()
	c.send("make")
	c.want("2.0")
	s.connect() // its open handler does not know the class, and writes the row
	if got := c.ask("use"); got != "3.0" {
		t.Errorf("got %q", got)
	}
}
