package state

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// $connections.

func TestConnectionsIsAnOrdinaryArray(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval + `
function add(&$rows,$field,$value) { foreach (array_keys($rows) as $k) { $rows[$k][$field]=$value.$k; } return count($rows); }
function forget(array $rows) { foreach ($rows as $k => $row) { $rows[$k]["forgotten"]=1; } return $rows; }`})
	c := s.Connect()
	s.Connect()
	s.Connect()
	for _, row := range []struct{ name, code, want string }{
		{"an array", `return is_array($connections) && $connections===$GLOBALS["connections"];`, "true"},
		{"integer keys from 1", `$types=array(); foreach ($connections as $k => $c) { $types[]=gettype($k).$k; } return $types;`, `["integer1","integer2","integer3"]`},
		{"foreach by value changes nothing", `foreach ($connections as $k => $c) { $c["x"]=1; } return array_column($connections,"x");`, "[]"},
		{"foreach by reference writes", `foreach ($connections as $k => &$c) { $c["x"]=$k*10; } return "";`, ""},
		{"and the next event sees it", `return array_column($connections,"x");`, "[10,20,30]"},
		{"array_column with keys", `return array_column($connections,"state","x");`, `{"10":"OPEN","20":"OPEN","30":"OPEN"}`},
		{"indexing", `return array($connections[2]["x"],isset($connections[9]),isset($connections["2"]),empty($connections[3]["none"]));`, "[20,false,true,true]"},
		{"count and array_keys", `return array(count($connections),array_keys($connections));`, "[3,[1,2,3]]"},
		{"passed on by reference", `return add($connections,"y","v");`, "3"},
		{"has written", `return array_column($connections,"y");`, `["v1","v2","v3"]`},
		{"passed on by value", `return count(array_column(forget($connections),"forgotten"));`, "3"},
		// The parameter $connection has made its own row a reference, which PHP keeps in copies of the array.
		{"has written to its own row only", `return array_column($connections,"forgotten");`, "[1]"},
		{"writing into others' rows", `$connections[3]["deep"]["list"][]=7; unset($connections[2]["x"]); return "";`, ""},
		{"has written, too", `return array($connections[3]["deep"],array_keys(array_filter($connections,function($c) { return isset($c["x"]); })));`, `[{"list":[7]},[1,3]]`},
		{"its own row is the parameter", `$connection["z"]=1; $connections[$client_key]["z"]++; return $connection["z"];`, "2"},
		{"end, key and reset", `end($connections); $last=key($connections); reset($connections); return array($last,key($connections));`, "[3,1]"},
		{"search", `return array_search($connection,$connections);`, "1"},
	} {
		if got := c.Ask(row.code); got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
	}
}

func TestRowHasTheFieldsItAlwaysHad(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval})
	c := s.Connect()
	c.Send(`return array_keys($connection);`)
	c.Want(`["peer_name","state","buffer","ping_time","pong_time"]`)
	c.Send(`return array($connection["state"],$connection["buffer"],$connection["ping_time"],$connection["pong_time"]);`)
	c.Want(`["OPEN",[],false,false]`)
	if got := c.Ask(`return $connection["peer_name"];`); got != c.Conn.LocalAddr().String() {
		t.Errorf("peer_name is %q, the client's address %q", got, c.Conn.LocalAddr())
	}
}

func TestPingAndPongTimesAreFloats(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval, TOML: "[server]\nping_interval = \"100ms\"\npong_timeout = \"30s\"\n"})
	c := s.Connect()
	harness.Eventually(t, "a ping and its pong", func() bool {
		return c.Ask(`return array(is_float($connection["ping_time"]),is_float($connection["pong_time"]));`) == "[true,true]"
	})
	c.Send(`return $connection["ping_time"]<=microtime(True) && $connection["pong_time"]>microtime(True)-60;`)
	c.Want("true")
}

func TestStatesOfARow(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { $connection["states"]=$connection["state"]; return True; }
function ws_server_open(&$connections,&$connection,$client_key) { $connection["states"].=",".$connection["state"]; }
function ws_server_before_close(&$connections,&$connection) { foreach ($connections as $k => $c) { send_text($k,$connection["states"].",".$connection["state"]); } }`})
	watcher, polite, dropped := s.Connect(), s.Connect(), s.Connect()
	polite.Leave()
	watcher.Want("CONNECTING,OPEN,OPEN")
	dropped.HangUp()
	watcher.Want("CONNECTING,OPEN,REMOTE TERMINATED")
}

// meeting has a loop handler that notes the states it sees.
const meeting = `
function ws_server_loop(&$server,&$sockets,&$connections) { foreach ($connections as $k => $c) { file_put_contents(__DIR__."/met",$k." ".$c["state"]."\n",FILE_APPEND); } }
`

func TestLoopMeetsRowsInConnecting(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: meeting + `function ws_server_connect(&$connections,&$connection,$client_key) {}`})
	s.Write("met", "")
	if err := os.Chmod(s.Path("met"), 0o666); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", s.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	harness.Eventually(t, "the loop meets the row", func() bool { return strings.Contains(s.Read("met"), "1 CONNECTING\n") })
}

func TestKeysGrowAndAreNotReused(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval + `
function ws_server_after_close(&$connections) { foreach ($connections as $k => $c) { send_text($k,"left"); } }`})
	a, b := s.Connect(), s.Connect()
	a.Send(`return array($client_key,array_keys($connections));`)
	a.Want(`[1,[1,2]]`)
	b.Close(1000)
	a.Want("left")
	c := s.Connect()
	c.Send(`return array($client_key,array_keys($connections),count($connections),is_int($client_key));`)
	c.Want(`[3,[1,3],2,true]`)
}

func TestWriteIsSeenByTheNextEventOfAnyone(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval + `
function rename_all(&$rows,$name) { foreach ($rows as $k => &$row) { $row["name"]=$name.$k; } }
function ws_server_fifo(&$server,&$sockets,&$connections,&$data) { foreach ($connections as $k => $c) { send_text($k,$c["name"]); } }`})
	a, b := s.Connect(), s.Connect()
	a.Send(`$connection["mine"]="by parameter"; global $connections; $connections[2]["theirs"]="by key"; return "ok";`)
	a.Want("ok")
	b.Send(`return $connections[1]["mine"]." ".$connection["theirs"];`)
	b.Want("by parameter by key")
	b.Send(`foreach ($connections as $k => &$row) { $row["seen"]=$k; } return "ok";`)
	b.Want("ok")
	a.Send(`return array_column($connections,"seen");`)
	a.Want("[1,2]")
	a.Send(`rename_all($connections,"n"); return "ok";`)
	a.Want("ok")
	s.WritePipe("names")
	a.Want("n1")
	b.Want("n2")
	a.Send(`unset($connection["name"]); $GLOBALS["connections"][2]["name"]="via GLOBALS"; return "ok";`)
	a.Want("ok")
	b.Send(`return array(isset($connections[1]["name"]),$connection["name"]);`)
	b.Want(`[false,"via GLOBALS"]`)
}

// A resident worker keeps an invented row, as the original's process did; nobody else does.
func TestRemovedAndInventedRows(t *testing.T) {
	for toml, c := range map[string]struct{ rows, logged string }{
		harness.Resident: {"[1,99]", "$connections[]"}, harness.RequestPerEvent: {"[1]", "99"},
	} {
		t.Run(toml, func(t *testing.T) { removeAndInvent(t, toml, c.rows, c.logged) })
	}
}

func removeAndInvent(t *testing.T, toml, rows, logged string) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval, TOML: toml})
	a, b := s.Connect(), s.Connect()
	a.Send(`$connections[99]["ghost"]=1; unset($connections[2]); return "ok";`)
	a.Want("ok")
	if code, _ := b.Closed(); code != 1011 {
		t.Errorf("the client without a row was closed with %d", code)
	}
	if got := a.Ask(`return array_keys($connections);`); got != rows {
		t.Errorf("got %s, want %s", got, rows)
	}
	if toml == harness.Resident {
		s.Stop() // which ends the worker
	}
	s.Log.Wait("", logged)
}

func TestRowsKeepWhatHandlersWriteInTheirOwnWays(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval + `
function ws_server_binary(&$connections,$connection,$client_key,$data) { $connection["copied"]=$data; $connections[$client_key]=$connection; send_text($client_key,"kept"); }`})
	c := s.Connect()
	s.Connect()
	s.Connect()
	if err := c.Conn.WriteMessage(2, []byte("x")); err != nil {
		t.Fatal(err)
	}
	c.Want("kept")
	for _, row := range []struct{ name, code, want string }{
		{"a copy written back", `return $connection["copied"];`, "x"},
		{"array_merge", `$connection=array_merge($connection,array("m"=>1)); return "";`, ""},
		{"array_merge kept", `return array($connections[1]["m"],$connection["copied"]);`, `[1,"x"]`},
		{"union", `$connections[2]+=array("u"=>2,"state"=>"no"); return "";`, ""},
		{"union kept", `return array($connections[2]["u"],$connections[2]["state"]);`, `[2,"OPEN"]`},
		{"array_walk", `array_walk($connections,function(&$row,$key) { $row["w"]=$key; }); return "";`, ""},
		{"array_walk kept", `return array_column($connections,"w");`, `[1,2,3]`},
		{"uasort", `uasort($connections,function($a,$b) { return $b["w"]-$a["w"]; }); foreach ($connections as $k => $x) { $connections[$k]["s"]=$k; } return array_keys($connections);`, "[3,2,1]"},
		{"uasort kept", `$k=array_keys($connections); sort($k); return array($k,$connections[3]["s"],$connections[1]["s"]);`, "[[1,2,3],3,1]"},
		{"by reference loop closing", `foreach ($connections as $k => &$r) { if ($k<>$client_key) { close_client($k,4000); $r["ghost"]=1; } } return array_keys($connections);`, "[1]"},
		{"no ghosts", `return array_keys($connections);`, "[1]"},
		{"numeric field", `$connection[7]="seven"; $connection["8"]="eight"; return "";`, ""},
		{"numeric field kept", `return array($connection[7],$connection[8],array_slice(array_keys($connection),-2));`, `["seven","eight",[7,8]]`},
		{"field order", `unset($connection["m"]); $connection["m"]=1; return "";`, ""},
		{"field order kept", `$k=array_keys($connection); return end($k);`, "m"},
		{"list and references", `$connection["list"]=array(3,1,2); sort($connection["list"]); $l=&$connection["list"]; $l[]=9; array_unshift($connection["list"],0); return "";`, ""},
		{"list kept", `return $connection["list"];`, "[0,1,2,3,9]"},
	} {
		if got := c.Ask(row.code); got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
	}
}
