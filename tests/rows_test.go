package tests

import (
	"testing"
)

// $connections.

// echoRow answers a text by running it as PHP in the handler's scope: the tests say in PHP what they look at.
const evalText = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	$answer=eval($msg);
	if ($answer!==Null) { send_text($client_key,is_string($answer)?$answer:json_encode($answer)); }
}
`

func TestRowOfAClient(t *testing.T) {
	s := serve(t, app{handlers: evalText})
	c := s.connect()
	c.send(`return array_keys($connection);`)
	c.want(`["peer_name","state","buffer","ping_time","pong_time"]`)
	c.send(`return array($connection["state"],$connection["buffer"],$connection["ping_time"],$connection["pong_time"]);`)
	c.want(`["OPEN",[],false,false]`)
	if got := c.ask(`return $connection["peer_name"];`); got != c.conn.LocalAddr().String() {
		t.Errorf("peer_name is %q, the client's address %q", got, c.conn.LocalAddr())
	}
}

func TestKeysGrowAndAreNotReused(t *testing.T) {
	s := serve(t, app{handlers: evalText + `
function ws_server_after_close(&$connections) { foreach ($connections as $k => $c) { send_text($k,"left"); } }`})
	a, b := s.connect(), s.connect()
	a.send(`return array($client_key,array_keys($connections));`)
	a.want(`[1,[1,2]]`)
	b.close(1000)
	a.want("left")
	c := s.connect()
	c.send(`return array($client_key,array_keys($connections),count($connections),is_int($client_key));`)
	c.want(`[3,[1,3],2,true]`)
}

func TestRowsAreSharedByEvents(t *testing.T) {
	s := serve(t, app{handlers: evalText + `
function rename_all(&$rows,$name) { foreach ($rows as $k => &$row) { $row["name"]=$name.$k; } }
function ws_server_fifo(&$server,&$sockets,&$connections,&$data) { foreach ($connections as $k => $c) { send_text($k,$c["name"]); } }`})
	a, b := s.connect(), s.connect()
	a.send(`$connection["mine"]="by parameter"; global $connections; $connections[2]["theirs"]="by key"; return "ok";`)
	a.want("ok")
	b.send(`return $connections[1]["mine"]." ".$connection["theirs"];`)
	b.want("by parameter by key")
	b.send(`foreach ($connections as $k => &$row) { $row["seen"]=$k; } return "ok";`)
	b.want("ok")
	a.send(`return array_column($connections,"seen");`)
	a.want("[1,2]")
	a.send(`rename_all($connections,"n"); return "ok";`)
	a.want("ok")
	s.pipe("names")
	a.want("n1")
	b.want("n2")
	a.send(`unset($connection["name"]); $GLOBALS["connections"][2]["name"]="via GLOBALS"; return "ok";`)
	a.want("ok")
	b.send(`return array(isset($connections[1]["name"]),$connection["name"]);`)
	b.want(`[false,"via GLOBALS"]`)
}

func TestValuesSurvive(t *testing.T) {
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
		"shaped like a tag": `array("\0php"=>base64_encode(serialize(new ArrayObject())))`,
		"deep":              `array_reduce(range(1,600),function($a){return array($a);},1.0)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, app{handlers: evalText})
			c := s.connect()
			set := `$value=` + value + `; $connection["v"]=$value; $connection["w"]=md5(serialize($value)); return "set";`
			if got := c.ask(set); got != "set" {
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

func TestRemovedAndInventedRows(t *testing.T) {
	s := serve(t, app{handlers: evalText})
	a, b := s.connect(), s.connect()
	a.send(`$connections[99]["ghost"]=1; unset($connections[2]); return "ok";`)
	a.want("ok")
	if code, _ := b.closed(); code != 1011 {
		t.Errorf("the client without a row was closed with %d", code)
	}
	s.log.wait("", "99")
	a.send(`return array_keys($connections);`)
	a.want("[1]")
}
