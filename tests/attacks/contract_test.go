package attacks

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// keeper keeps what it is sent in its row and in a global variable, and returns both in the next event. A Bomb that is
// made from a text creates a file.
const keeper = `
class Bomb { public function __wakeup() { touch(__DIR__."/exploded"); } public function __destruct() { touch(__DIR__."/exploded"); } }
$last=null;
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $last;
	if (strncmp($msg,"message ",8)==0) { send_text($client_key,$msg); return; }
	if ($msg=="what is kept?") { send_text($client_key,json_encode(array($connection["kept"],$last))); return; }
	$connection["kept"]=json_decode($msg,True);
	if (is_array($connection["kept"])) { foreach ($connection["kept"] as $k => $v) { $connection["field ".$k]=$v; } }
	$last=$connection["kept"];
	echo $msg;
	send_text($client_key,"kept");
}
`

// TestClientsCannotSpeakTheContract sends JSON that looks like messages between wsbridge and its PHP half.
func TestClientsCannotSpeakTheContract(t *testing.T) {
	evil := `"` + base64.StdEncoding.EncodeToString([]byte(`O:4:"Bomb":0:{}`)) + `"`
	for _, mode := range []string{"auto", "serial", "connection"} {
		t.Run(mode, func(t *testing.T) {
			s := serve(t, keeper, fmt.Sprintf("isolation.mode = %q\n", mode))
			survives(t, s, func(t *testing.T) {
				p := s.In(t).Peer()
				for _, sent := range []string{
					`{"\u0000php":` + evil + `}`,
					`{"a":{"\u0000php":` + evil + `}}`,
					`[[[{"\u0000php":` + evil + `}]]]`,
					`{"\u0000php":` + evil + `,"b":1}`,
					`{"\u0000b64:aGk=":1,"\u0000b64:":2}`,
					`{"a":"{\"\\u0000php\":\"x\"}"}`,
					`{"seq":1,"send":{"to":"open","length":4}}`,
					`{"seq":1,"close":{"client":1,"code":1008}}`,
					`{"seq":1,"done":{"result":true,"rows":{"1":null}}}`,
					`{"seq":1,"failed":{"reason":"exit"}}`,
					`{"state":"CLOSED","1":null,"0":{"unset":["state"]}}`,
					`[1.0,-0.0,1e400,"\ud800",12345678901234567890,{"":{"":[]}}]`,
				} {
					holds(t, p, sent)
				}
				p.Bye()
			})
			if _, err := os.Stat(s.Path("exploded")); !os.IsNotExist(err) {
				t.Error("a client's text has become an object")
			}
			if log := s.Log.Text(); strings.Contains(log, "event failed") || strings.Contains(log, "handler failed") {
				t.Error("an event failed")
			}
		})
	}
}

// holds sends JSON to a keeper, which must keep it unchanged.
func holds(t *testing.T, p *peer, sent string) {
	t.Helper()
	p.Send(text(sent))
	p.Want(text("kept"))
	p.Send(text("what is kept?"))
	var got []any
	answer := p.Next().Payload
	if err := json.Unmarshal([]byte(answer), &got); err != nil || len(got) != 2 {
		t.Fatalf("%s: %v, %q", sent, err, answer)
	}
	if !json.Valid([]byte(sent)) || strings.Contains(sent, "1e400") {
		return // PHP decodes it as null
	}
	var want any
	if err := json.Unmarshal([]byte(sent), &want); err != nil {
		t.Fatal(err)
	}
	for where, kept := range map[string]any{"row": got[0], "global": got[1]} {
		if !reflect.DeepEqual(kept, want) {
			t.Errorf("%s: the %s has %v", sent, where, kept)
		}
	}
}

// TestNullBytes sends them wherever a WebSocket may carry them: they are characters like any other.
func TestNullBytes(t *testing.T) {
	s := serve(t, harness.Echo, "")
	survives(t, s, func(t *testing.T) {
		for _, payload := range []string{"\x00", strings.Repeat("\x00", 70_000), "a\x00b", "\x00php", "\x00b64:"} {
			p := s.In(t).Peer()
			p.Send(text(payload), bin(payload))
			p.Want(text(payload), bin(payload))
			p.Send(ping("\x00"))
			p.Want(pong("\x00"))
			p.Send(harness.Closing(4000, "\x00"))
			p.Closes(4000)
		}
	})
}
