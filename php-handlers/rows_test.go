package phphandlers

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestDifferences(t *testing.T) {
	a := newApp(t, evalText)
	const rows = `{"12":{"a":1,"b":[1,2],"c":"x","state":"OPEN"},"15":{"a":1,"state":"OPEN"}}`
	for code, want := range map[string]string{
		``:                    ``,
		`$connection["a"]=1;`: ``,
		`$connection["b"][]=3; array_pop($connection["b"]);`:               ``,
		`$connection["a"]=2;`:                                              `{"12":{"set":{"a":2}}}`,
		`$connection["a"]=1.0;`:                                            `{"12":{"set":{"a":1.0}}}`,
		`$connection["a"]="1";`:                                            `{"12":{"set":{"a":"1"}}}`,
		`$connection["b"][]=3;`:                                            `{"12":{"set":{"b":[1,2,3]}}}`,
		`$connection["b"]=array(2=>1,1=>2);`:                               `{"12":{"set":{"b":{"2":1,"1":2}}}}`,
		`unset($connection["a"]);`:                                         `{"12":{"unset":["a"]}}`,
		`$connection["n"]=null;`:                                           `{"12":{"set":{"n":null}}}`,
		`$connection["d"]=1; $connection["e"]=2;`:                          `{"12":{"set":{"d":1,"e":2}}}`,
		`unset($connection["a"]); $connection["a"]=1;`:                     `{"12":{"unset":["a"],"set":{"a":1}}}`,
		`$connection=array("z"=>0)+$connection;`:                           `{"12":{"unset":["a","b","c","state"],"set":{"z":0,"a":1,"b":[1,2],"c":"x","state":"OPEN"}}}`,
		`$connection=array("b"=>$connection["b"],"state"=>"OPEN","a"=>1);`: `{"12":{"unset":["c","a"],"set":{"a":1}}}`,
		`$connection=array();`:                                             `{"12":{"unset":["a","b","c","state"]}}`,
		`$connection[7]="seven"; $connection[""]="empty";`:                 `{"12":{"set":{"7":"seven","":"empty"}}}`,
		`$connections[15]["a"]=2;`:                                         `{"15":{"set":{"a":2}}}`,
		`global $connections; $connections[15]["a"]=2;`:                    `{"15":{"set":{"a":2}}}`,
		`$GLOBALS["connections"][15]["a"]=2;`:                              `{"15":{"set":{"a":2}}}`,
		`foreach ($connections as $k => &$c) { $c["k"]=$k; }`:              `{"12":{"set":{"k":12}},"15":{"set":{"k":15}}}`,
		`foreach ($connections as $k => &$c) { $c["a"]=1; }`:               ``,
		`$f=function(&$rows) { foreach ($rows as $k => $c) { $rows[$k]["k"]=$k; } }; $f($connections);`: `{"12":{"set":{"k":12}},"15":{"set":{"k":15}}}`,
		`unset($connections[15]);`:                       `{"15":null}`,
		`$connections[15]=null;`:                         `{"15":null}`,
		`$x=1; $connection["a"]=&$x; $x=5;`:              `{"12":{"set":{"a":5}}}`,
		`$connections=array_reverse($connections,true);`: ``,
	} {
		t.Run(code, func(t *testing.T) {
			effects := a.run(table(protocol.Text, code, rows))
			got := showEffect(effects[len(effects)-1])
			if want != "" {
				want = `"rows":` + want
			}
			if got != "done {"+want+"}" {
				t.Errorf("got %s, want %s; logged %q", got, want, logged(effects))
			}
		})
	}
}

func TestRowsThatCannotBe(t *testing.T) {
	a := newApp(t, evalText)
	for code, message := range map[string]string{
		`$connections[99]["ghost"]=1;`:                                   "row 99 of $connections is ignored: there is no such client",
		`$connection="text";`:                                            "row 12 of $connections is no array any more",
		`$GLOBALS["connections"]=5;`:                                     "$connections something else than an array",
		`$connection["f"]=fopen("php://memory","r");`:                    `field "f" of row 12 keeps its previous value: it was given what cannot outlive an event: a resource`,
		`$connection["f"]=function(){};`:                                 "a Closure",
		`$connection["f"]=array(1,array(STDIN));`:                        "a resource",
		`$connection["f"]=(object)array("x"=>array(STDIN));`:             "a resource",
		`$connection["f"]=new ArrayObject(array(function(){}));`:         "'Closure'",
		`$connection["f"]=new SplFileObject("/dev/null");`:               "'SplFileObject'",
		`$f=fopen("php://memory","r"); fclose($f); $connection["f"]=$f;`: "a resource",
	} {
		t.Run(code, func(t *testing.T) {
			effects := a.run(withTable(code))
			want(t, effects, "done {}")
			wantLogged(t, effects, message)
		})
	}
	effects := a.run(withRow(`$connections[15]["x"]=1; $connection["ok"]=1;`))
	want(t, effects, `done {"rows":{"12":{"set":{"ok":1}}}}`)
	wantLogged(t, effects, "row 15 of $connections is ignored: the event sees the row of its own client only")
	effects = a.run(row(protocol.Text, `$v=$connection["v"]; unset($connection["v"]); $connection["v"]=STDIN; $connection["w"]=2;`, `{"v":"old","w":1}`))
	want(t, effects, `done {"rows":{"12":{"unset":["v"],"set":{"w":2,"v":"old"}}}}`)
}

// bridgeRow is a row as wsbridge stores it.
type bridgeRow struct{ protocol.Fields }

// apply applies the changes in an event's done line.
func (b *bridgeRow) apply(t *testing.T, effects []*protocol.Effect) {
	t.Helper()
	last := effects[len(effects)-1]
	if last.Done == nil {
		t.Fatalf("failed: %+v", last.Failed)
	}
	if change := last.Done.Rows[12]; change != nil {
		change.Apply(&b.Fields)
	}
}

func (b *bridgeRow) json() string {
	text, _ := b.MarshalJSON()
	return string(text)
}

func TestValuesSurvive(t *testing.T) {
	a := newApp(t, evalText+`class Thing { public $a=1; protected $b=2.0; private $c="\xff"; }`)
	for name, value := range map[string]string{
		"whole float": `1.0`, "negative zero": `-0.0`, "zero": `0.0`, "not a number": `NAN`, "infinity": `-INF`,
		"precise float": `0.1+0.2`, "tiny": `5e-324`, "huge": `1.7976931348623157e308`, "large integer": `PHP_INT_MAX`,
		"smallest integer": `PHP_INT_MIN`, "integer keys": `array(7=>"a",3=>"b")`, "list out of order": `array(1=>"a",0=>"b")`,
		"starts at one": `array(1=>"a",2=>"b")`, "nested": `array("a"=>array(2=>array(1.0,array())))`, "empty array": `array()`,
		"empty key": `array(""=>1)`, "binary string": `"\xff\x00\xfe"`, "binary key": `array("\xff"=>1)`, "null byte": `"\0"`,
		"utf-8": `"Grüße, 世界 🎉"`, "null": `null`, "false": `false`, "object": `new ArrayObject(array(1,2))`,
		"own class": `new Thing`, "date": `new DateTime("2020-01-01")`, "shared object": `array($o=new Thing,$o)`,
		"shaped like a tag": `array("\0php"=>base64_encode(serialize(new Thing)))`, "a tag's key": `array("x"=>array("\0php"=>null))`,
		"deep":            `array_reduce(range(1,600),function($a){return array($a);},1.0)`,
		"very deep":       `array_reduce(range(1,5000),function($a){return array($a);},1.0)`,
		"line separators": `"\u{2028}\u{2029}</script>"`, "numeric strings": `array("1"=>"1","01"=>"1.0","-0"=>"-0")`,
		"huge float": `1e22`, "surrogate bytes": `"\xed\xa0\x80"`,
	} {
		t.Run(name, func(t *testing.T) {
			b := &bridgeRow{}
			keep := `$value=` + value + `; $connection["v"]=$value; $connection["copy"]=base64_encode(serialize($value));`
			b.apply(t, a.run(row(protocol.Text, keep, `{}`)))
			effects := a.run(row(protocol.Text, `$c=base64_decode($connection["copy"]); show_message(serialize($connection["v"])===$c?"same":var_dump_to_str($connection["v"]));`, b.json()))
			want(t, effects, "done {}") // reading it is no change
			if lines := logged(effects); lines[0] != "info same" {
				t.Errorf("changed: %s", b.json())
			}
		})
	}
}

func TestZerosKeepTheirSign(t *testing.T) {
	a := newApp(t, evalText)
	want(t, a.run(row(protocol.Text, `$connection["v"]=-0.0;`, `{"v":0.0}`)), `done {"rows":{"12":{"set":{"v":-0.0}}}}`)
	want(t, a.run(row(protocol.Text, `$connection["v"]["a"][1]=0.0;`, `{"v":{"a":[1,-0.0]}}`)), `done {"rows":{"12":{"set":{"v":{"a":[1,0.0]}}}}}`)
	want(t, a.run(row(protocol.Text, `$connection["v"]=0.0;`, `{"v":0.0,"w":[0.0]}`)), `done {}`)
}

func TestObjectsThatChangeInside(t *testing.T) {
	a := newApp(t, evalText)
	b := &bridgeRow{}
	b.apply(t, a.run(row(protocol.Text, `$connection["o"]=new ArrayObject(array(1)); $connection["n"]=array("deep"=>array($connection["o"]));`, `{}`)))
	b.apply(t, a.run(row(protocol.Text, `$connection["o"][]=2; $connection["n"]["deep"][0]["k"]="v";`, b.json())))
	effects := a.run(row(protocol.Text, `show_message(json_encode(array($connection["o"],$connection["n"])));`, b.json()))
	want(t, effects, "done {}")
	wantLogged(t, effects, `info [{"0":1,"1":2},{"deep":[{"0":1,"k":"v"}]}]`)
	want(t, a.run(row(protocol.Text, `$connection["x"]=1;`, b.json())), `done {"rows":{"12":{"set":{"x":1}}}}`)
}

func TestFieldNames(t *testing.T) {
	a := newApp(t, evalText)
	b := &bridgeRow{}
	b.apply(t, a.run(row(protocol.Text, `$connection=array("\xff"=>1,"\0b64:x"=>2,"ä\""=>3,"\0php"=>4,5=>5,""=>6);`, `{}`)))
	for _, f := range b.Fields {
		if strings.Contains(f.Name, "\uFFFD") {
			t.Errorf("name %q", f.Name)
		}
	}
	effects := a.run(row(protocol.Text, `show_message($connection===array("\xff"=>1,"\0b64:x"=>2,"ä\""=>3,"\0php"=>4,5=>5,""=>6)?"same":var_dump_to_str($connection)); unset($connection["\xff"]);`, b.json()))
	wantLogged(t, effects, "info same")
	b.apply(t, effects)
	if len(b.Fields) != 5 {
		t.Errorf("unset did not find the name: %s", b.json())
	}
}

// A client can send what looks like a tagged value. Only values that the PHP half tagged are ever unserialized.
func TestHostileJSONStaysData(t *testing.T) {
	a := newApp(t, `
class Evil { public function __wakeup() { file_put_contents(__DIR__."/evil","woken"); } public function __destruct() { file_put_contents(__DIR__."/evil","woken"); } }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="look") { send_text(12,json_encode($connection)); return; }
	$connection["doc"]=json_decode($msg,True);
	foreach ($connection["doc"] as $name => $value) { $connection[$name]=$value; }
}`)
	const evil = `"Tzo0OiJFdmlsIjowOnt9"` // O:4:"Evil":0:{}
	for _, doc := range []string{
		`{"\u0000php":` + evil + `}`,
		`{"a":{"\u0000php":` + evil + `}}`,
		`{"a":[{"\u0000php":` + evil + `}]}`,
		`{"\u0000b64:AHBocA==":` + evil + `}`,
		`{"a":{"\u0000b64:AHBocA==":` + evil + `}}`,
		`{"a":"{\"\\u0000php\":` + strings.ReplaceAll(evil, `"`, `\"`) + `}"}`,
	} {
		b := &bridgeRow{}
		if err := json.Unmarshal([]byte(`{"state":"OPEN"}`), &b.Fields); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			b.apply(t, a.run(row(protocol.Text, doc, b.json())))
		}
		effects := a.run(row(protocol.Text, "look", b.json()))
		var seen struct {
			Doc any `json:"doc"`
		}
		var sent any
		if err := json.Unmarshal(effects[0].Send.Payload, &seen); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(doc), &sent); err != nil {
			t.Fatal(err)
		}
		if toJSON(seen.Doc) != toJSON(sent) {
			t.Errorf("sent %s, kept %s", doc, toJSON(seen.Doc))
		}
	}
	if _, err := readIfThere(a.path("app/evil")); err == nil {
		t.Error("what a client has sent was unserialized")
	}
}

func TestValuesThatCannotBeUnserializedStay(t *testing.T) {
	a := newApp(t, evalText+`class Fragile { public function __wakeup() { throw new Exception("no"); } }`)
	const tagged = `{"v":{"\u0000php":"Tzo3OiJGcmFnaWxlIjowOnt9"}}` // O:7:"Fragile":0:{}
	effects := a.run(row(protocol.Text, `show_message(gettype($connection["v"]));`, tagged))
	want(t, effects, "done {}")
	wantLogged(t, effects, `field "v" of row 12 cannot be unserialized: no`)
	wantLogged(t, effects, "info NULL")
	effects = a.run(row(protocol.Text, `show_message(gettype($connection["v"]));`, `{"v":{"\u0000php":"bm9uc2Vuc2U="}}`)) // nonsense
	want(t, effects, "done {}")
	wantLogged(t, effects, `field "v" of row 12 cannot be unserialized: unserialize() failed`)
}

func TestFloatsAreExactWhateverPHPIniSays(t *testing.T) {
	for _, precision := range []string{"5", "17", "-1", "100"} {
		a := newAppWith(t, evalText, map[string]string{"serialize_precision": precision, "precision": "5"})
		for i, value := range []string{"0.1+0.2", "M_PI", `array("\xff",0.1+0.2)`} {
			b := &bridgeRow{}
			b.apply(t, a.run(row(protocol.Text, `$connection["v"]=`+value+`;`, `{}`)))
			effects := a.run(row(protocol.Text, `show_message($connection["v"]===`+value+`?"same":"other"); show_message(ini_get("serialize_precision"));`, b.json()))
			want(t, effects, "done {}")
			if got := fmt.Sprint(logged(effects)); got != "[info same info "+precision+"]" {
				t.Errorf("%s, %d: %s %s", precision, i, got, b.json())
			}
		}
	}
}

func TestPropertyEveryValueRoundTrips(t *testing.T) {
	a := newApp(t, "")
	a.write(t, "roundtrip.php", roundTrip)
	out := runPHP(t, a.path("roundtrip.php"), a.path("php/src/Value.php"))
	if out != "2000 values\n" {
		t.Errorf("got %s", out)
	}
}

// generateValues is PHP code that generates values.
const generateValues = `<?php
mt_srand(20240229);
function text() {
	$parts=array("","a","ä","世","\0","\xff","\xc3","\"\\/","\0php","\0b64:","1","-0","1.0","\u{2028}",str_repeat("x",100));
	return $parts[mt_rand(0,count($parts)-1)].$parts[mt_rand(0,count($parts)-1)];
}
function value($depth) {
	switch (mt_rand(0,$depth>0?13:9)) {
		case 0: return null;
		case 1: return mt_rand(0,1)==1;
		case 2: return mt_rand(-5,5);
		case 3: return mt_rand(0,1)?PHP_INT_MAX:PHP_INT_MIN;
		case 4: return mt_rand(-3,3)/2;
		case 5: return mt_rand()/mt_getrandmax()*pow(10,mt_rand(-300,300));
		case 6: $odd=array(NAN,INF,-INF,-0.0,0.0,1e15,1e21,4.9e-324); return $odd[mt_rand(0,7)];
		case 7: case 8: return text();
		case 9: return array();
		case 10: $o=new stdClass; $o->{"p".text()}=value($depth-1); return $o;
		case 11: $a=array(); for ($i=mt_rand(1,4);$i>0;$i--) { $a[]=value($depth-1); } return $a;
		case 12: $a=array(); for ($i=mt_rand(1,4);$i>0;$i--) { $a[mt_rand(-3,9)]=value($depth-1); } return $a;
		default: $a=array(); for ($i=mt_rand(1,4);$i>0;$i--) { $a[text()]=value($depth-1); } return $a;
	}
}
`

// roundTrip is PHP code that takes generated values through JSON and back.
const roundTrip = generateValues + `
require $argv[1];
require dirname($argv[1])."/Application.php";
for ($n=0;$n<2000;$n++) {
	$value=value(5);
	$name=text();
	$line="{".Wsbridge\Value::encodeName($name).":".Wsbridge\Value::encode($value)."}";
	$row=json_decode($line,true);
	$back=reset($row);
	$text=Wsbridge\Value::tagged($back);
	if ($text!==null) { $back=Wsbridge\Value::unserialize($text); }
	if ((string)Wsbridge\Value::decodeName(key($row))!==$name) { exit("name ".var_export($name,true)." in ".$line); }
	if (serialize($back)!==serialize($value)) { exit("value ".var_export($value,true)." in ".$line); }
	if (!preg_match("//u",$line) || strpos($line,"\n")!==false) { exit("line ".$line); }
}
echo $n," values\n";
`
