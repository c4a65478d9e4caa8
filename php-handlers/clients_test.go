package phphandlers

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

// evalCase runs code in a text handler of client 12.
type evalCase struct {
	code string
	want []string // without a last line "done {}"
}

func runCases(t *testing.T, a *app, event func(code string) *protocol.Event, cases map[string]evalCase) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Helper()
			lines := c.want
			if len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], "done ") {
				lines = append(lines, "done {}")
			}
			want(t, a.run(event(c.code)), lines...)
		})
	}
}

func withTable(code string) *protocol.Event { return table(protocol.Text, code, three) }

func withRow(code string) *protocol.Event { return row(protocol.Text, code, `{"state":"OPEN"}`) }

func TestSendText(t *testing.T) {
	a := newApp(t, evalText)
	both := map[string]evalCase{
		"to oneself":        {`return send_text($client_key,"a");`, []string{"send [12] a", "send [12] true"}},
		"to another":        {`return send_text(15,"a");`, []string{"send [15] a", "send [12] true"}},
		"a string key":      {`return send_text("15","a");`, []string{"send [15] a", "send [12] true"}},
		"not open":          {`return send_text(16,"a");`, []string{"send [12] false"}},
		"nobody":            {`return send_text(99,"a");`, []string{"send [12] false"}},
		"no key":            {`return array(send_text(false,"a"),send_text(null,"a"),send_text("x","a"),send_text(array(),"a"));`, []string{"send [12] [false,false,false,false]"}},
		"a number":          {`send_text(12,1.5);`, []string{"send [12] 1.5"}},
		"nothing":           {`send_text(12,"");`, []string{"send [12] "}},
		"order":             {`send_text(12,1); send_text(15,2); send_text(12,3);`, []string{"send [12] 1", "send [15] 2", "send [12] 3"}},
		"own state changed": {`$connection["state"]="AWAY"; send_text(12,"no"); $connection["state"]="OPEN"; send_text(12,"yes");`, []string{"send [12] yes"}},
	}
	t.Run("table", func(t *testing.T) { runCases(t, a, withTable, both) })
	t.Run("row", func(t *testing.T) { runCases(t, a, withRow, both) })
	runCases(t, a, withTable, map[string]evalCase{
		"others' state": {`$connections[16]["state"]="OPEN"; $connections[15]["state"]="X"; return array(send_text(16,"a"),send_text(15,"b"));`,
			[]string{"send [16] a", "send [12] [true,false]", `done {"rows":{"15":{"set":{"state":"X"}},"16":{"set":{"state":"OPEN"}}}}`}},
		"removed row": {`unset($connections[15]); return send_text(15,"a");`, []string{"send [12] false", `done {"rows":{"15":null}}`}},
	})
	runCases(t, a, withRow, map[string]evalCase{
		"an invented row does not count": {`$connections[99]["state"]="OPEN"; return send_text(99,"a");`, []string{"send [12] false"}},
		"within a range":                 {`return array(send_text(1,"a"),send_text(13,"b"));`, []string{"send [1] a", "send [12] [true,false]"}},
	})
}

func TestBroadcast(t *testing.T) {
	a := newApp(t, evalText)
	runCases(t, a, withTable, map[string]evalCase{
		"to all":            {`broadcast_to_all("a");`, []string{`send "open" a`}},
		"a row has changed": {`$connection["n"]=1; broadcast_to_all("a");`, []string{`send "open" a`, `done {"rows":{"12":{"set":{"n":1}}}}`}},
		"one is hidden":     {`$connections[15]["state"]="X"; broadcast_to_all("a");`, []string{"send [12] a", `done {"rows":{"15":{"set":{"state":"X"}}}}`}},
		"one is added":      {`$connections[16]["state"]="OPEN"; broadcast_to_all("a");`, []string{"send [12,15,16] a", `done {"rows":{"16":{"set":{"state":"OPEN"}}}}`}},
		"one is removed":    {`unset($connections[15]); broadcast_to_all("a");`, []string{"send [12] a", `done {"rows":{"15":null}}`}},
		"one is closed":     {`close_client(15); broadcast_to_all("a");`, []string{`close {"client":15,"handled":true}`, `send "open" a`}},
		"one is invented":   {`$connections[99]["state"]="OPEN"; broadcast_to_all("a");`, []string{"send [12,15] a"}},
		"nobody is left":    {`foreach ($connections as $k => &$c) { $c["state"]="X"; } unset($c); broadcast_to_all("a"); foreach ($connections as $k => $c) { $connections[$k]["state"]=$k==16?"CONNECTING":"OPEN"; }`, nil},
		"a state is lost":   {`unset($connections[15]["state"]); $connections[16]["x"]=1; broadcast_to_all("a"); $connections[15]["state"]="OPEN"; unset($connections[16]["x"]);`, []string{"send [12] a"}},
	})
	runCases(t, a, withRow, map[string]evalCase{
		"to all":        {`broadcast_to_all("a");`, []string{`send "open" a`}},
		"all but me":    {`$connection["state"]="X"; broadcast_to_all("a");`, []string{"send [1,2,3,4,5,6,7,8,9,10,11,15] a", `done {"rows":{"12":{"set":{"state":"X"}}}}`}},
		"one is closed": {`close_client(3); broadcast_to_all("a");`, []string{`close {"client":3}`, `send "open" a`}},
	})
}

func TestDoReply(t *testing.T) {
	a := newApp(t, evalText)
	frames := evalCase{`do_reply(15,encode_frame(1,"hi").encode_frame(9));`, []string{"frames [15] \x81\x02hi\x89\x00"}}
	gone := evalCase{`return do_reply(77,"x");`, []string{"send [12] false"}}
	t.Run("table", func(t *testing.T) {
		runCases(t, a, withTable, map[string]evalCase{"frames": frames, "gone": gone,
			"connecting": {`return array(do_reply(16,"x"));`, []string{"frames [16] x", "send [12] [null]"}},
			"hidden":     {`$connections[15]["state"]="X"; $sent=do_reply(15,"x"); $connections[15]["state"]="OPEN"; return $sent;`, []string{"send [12] false"}}})
	})
	t.Run("row", func(t *testing.T) {
		runCases(t, a, withRow, map[string]evalCase{"frames": frames, "gone": gone,
			"connecting, whose row is elsewhere": {`return do_reply(16,"x");`, []string{"send [12] false"}}})
	})
}

func TestCloseClient(t *testing.T) {
	a := newApp(t, evalText+`
function ws_server_before_close(&$connections,&$connection) { send_text(12,"before ".array_search($connection,$connections,true)); $connection["x"]=1; }
function ws_server_after_close(&$connections) { send_text(12,"after ".implode(",",array_keys($connections))); }`)
	runCases(t, a, withTable, map[string]evalCase{
		"another": {`close_client(15,4001,"because"); return isset($connections[15]);`,
			[]string{"send [12] before 15", `close {"client":15,"code":4001,"reason":"because","handled":true}`, "send [12] after 12,16", "send [12] false"}},
		"without a status": {`close_client(16);`, []string{"send [12] before 16", `close {"client":16,"handled":true}`, "send [12] after 12,15"}},
		"oneself, and no row comes back": {`close_client($client_key,1000); $connection["ghost"]=1; $connections[$client_key]["ghost"]=1; return send_text($client_key,"x");`,
			[]string{"send [12] before 12", `close {"client":12,"code":1000,"handled":true}`}},
		"twice":              {`close_client(15); close_client(15);`, []string{"send [12] before 15", `close {"client":15,"handled":true}`, "send [12] after 12,16"}},
		"changes are kept":   {`$connections[16]["n"]=1; close_client(15);`, []string{"send [12] before 15", `close {"client":15,"handled":true}`, "send [12] after 12,16", `done {"rows":{"16":{"set":{"n":1}}}}`}},
		"an odd reason":      {`close_client(15,1000,"\xff");`, []string{"send [12] before 15", `close {"client":15,"code":1000,"reason":"` + "\uFFFD" + `","handled":true}`, "send [12] after 12,16"}},
		"removed beforehand": {`unset($connections[15]); close_client(15);`, []string{`close {"client":15,"handled":true}`, "send [12] after 12,16"}},
		"all": {`foreach ($connections as $k => $c) { if ($k<>12) { close_client($k); } }`,
			[]string{"send [12] before 15", `close {"client":15,"handled":true}`, "send [12] after 12,16", "send [12] before 16", `close {"client":16,"handled":true}`, "send [12] after 12"}},
	})
	runCases(t, a, withRow, map[string]evalCase{
		"oneself":                         {`close_client(12);`, []string{"send [12] before 12", `close {"client":12,"handled":true}`}},
		"another, whose row is elsewhere": {`close_client(15,1000); return send_text(15,"x");`, []string{`close {"client":15,"code":1000}`, "send [12] false"}},
	})
	for _, key := range []string{"99", "null", "array()", `"x"`} {
		effects := a.run(withTable("close_client(" + key + ");"))
		want(t, effects, "done {}")
		wantLogged(t, effects, "warning close_client was given")
	}
}

func TestCloseClientWithinItsOwnCloseHandler(t *testing.T) {
	a := newApp(t, `
function ws_server_before_close(&$connections,&$connection) { close_client(12,1000); close_client(15,1000); }
function ws_server_after_close(&$connections) { send_text(16,"x"); }`)
	want(t, a.run(table(protocol.Closing, "", three)),
		`close {"client":15,"code":1000,"handled":true}`, `close {"client":12,"handled":true}`, "done {}")
}

func TestSockets(t *testing.T) {
	a := newApp(t, evalText+`function ws_server_fifo(&$server,&$sockets,&$connections,&$data) { eval($data); }`)
	fifo := func(code string) *protocol.Event {
		e := serverEvent(protocol.Fifo, code, three)
		e.Sockets = true
		return e
	}
	loop := `foreach ($sockets as $key => $socket) { if ($socket!==$server) { send_text($key,count($sockets)); } }`
	runCases(t, a, fifo, map[string]evalCase{
		"keys":        {loop, []string{"send [12] 4", "send [15] 4"}},
		"the first":   {`send_text(12,json_encode(array(key($sockets),is_resource($server))));`, []string{"send [12] [0,true]"}},
		"a frame":     {`fwrite($sockets[15],encode_text_data_frame("hi"));`, []string{"frames [15] \x81\x02hi"}},
		"pieces":      {`foreach (str_split(encode_frame(1,"hi").encode_frame(1,"ho"),3) as $piece) { fwrite($sockets[12],$piece); }`, []string{"frames [12] \x81\x02hi", "frames [12] \x81\x02ho"}},
		"as a global": {`function f() { global $sockets; fwrite($sockets[15],encode_frame(9)); } f();`, []string{"frames [15] \x89\x00"}},
		"resources":   {`send_text(12,json_encode(array(is_resource($sockets[12]),feof($sockets[12]),fread($sockets[12],5))));`, []string{`send [12] [true,true,""]`}},
	})
	large := withTable(`global $sockets; fwrite($sockets[15],encode_frame(1,str_repeat("x",70000)));`)
	large.Sockets = true
	want(t, a.run(large), "frames [15] \x81\x7f\x00\x00\x00\x00\x00\x01\x11\x70"+strings.Repeat("x", 70000), "done {}")
}
