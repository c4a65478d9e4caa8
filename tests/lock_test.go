package tests

import (
	"strings"
	"testing"
)

// "Look for a lock in all rows, else write it into mine" is safe in a server that runs one event at a time.
const locking = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="release") { unset($connection["lock"]); send_text($client_key,"released"); return; }
	foreach ($connections as $c) { if (isset($c["lock"])) { send_text($client_key,"no"); return; } }
	usleep(200);
	$connection["lock"]=True;
	send_text($client_key,"mine");
}`

func TestLockInAllRowsHasOneHolder(t *testing.T) {
	inEachMode(t, app{handlers: locking}, func(t *testing.T, s *server) {
		var clients []*client
		for range 4 {
			clients = append(clients, s.connect())
		}
		for round := range 2000 {
			for _, c := range clients {
				c.send("take")
			}
			var answers []string
			for _, c := range clients {
				answers = append(answers, c.receive())
			}
			if n := strings.Count(strings.Join(answers, " "), "mine"); n != 1 {
				t.Fatalf("round %d: %d holders: %v", round, n, answers)
			}
			for i, c := range clients {
				if answers[i] == "mine" {
					c.send("release")
					c.want("released")
				}
			}
		}
	})
}

// This is why "connection" is not the default: no event sees the other's lock.
func TestLockInAllRowsIsNotSafeWithIsolationByConnection(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: locking, toml: "[isolation]\nmode = \"connection\"\n"})
	for _, c := range []*client{s.connect(), s.connect()} {
		if got := c.ask("take"); got != "mine" {
			t.Errorf("got %q", got)
		}
	}
}
