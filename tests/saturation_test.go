package tests

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

// waits are handlers that note when they run, and wait for the file "go" if they are told to.
const waits = `
function note($line) { file_put_contents(__DIR__."/turns",$line."\n",FILE_APPEND|LOCK_EX); }
function wait_for_go() { while (!file_exists(__DIR__."/go")) { usleep(5000); clearstatcache(); } }
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	if ($cookies=="storm") { wait_for_go(); note("handshake"); }
	return True;
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if (strpos($msg,"work")===0) { send_text($client_key,"working"); wait_for_go(); }
	note("event");
	send_text($client_key,"done");
}
function ws_server_binary(&$connections,&$connection,$client_key,$data) { note("event"); send_text($client_key,"done ".count($connections)); }
function ws_server_after_close(&$connections) { note("closed"); }
`

// handshakes sends n of them and returns their connections: whether they are answered is another matter.
func (s *server) handshakes(n int, lines ...string) (conns []net.Conn) {
	s.t.Helper()
	for range n {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() { conn.Close() })
		if _, err := conn.Write([]byte(upgrade(append(lines, key, version, agent)...))); err != nil {
			s.t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	return conns
}

func TestStormOfHandshakesDoesNotHoldUpEvents(t *testing.T) {
	for _, mode := range []string{"auto", "serial"} {
		t.Run(mode, func(t *testing.T) {
			const storm, clients = 300, 10
			s := serve(t, app{handlers: waits, toml: isolated(mode)})
			there := s.crowd(clients)
			s.handshakes(storm, "Cookie: storm") // the first of them hold all workers
			for i, c := range there {
				if i%2 == 0 {
					c.send("x")
				} else {
					c.sendBinary("x")
				}
				c.ping()
			}
			s.write("go", "")
			for _, c := range there {
				if got := c.receive(); !strings.HasPrefix(got, "done") {
					t.Errorf("got %q", got)
				}
			}
			eventually(t, "the storm is over", func() bool { return strings.Count(s.readIfThere("turns"), "handshake") == storm })
			before := s.read("turns")
			before = before[:strings.LastIndex(before, "event")]
			if n := strings.Count(before, "handshake"); n > storm/2 {
				t.Errorf("%d of %d handshakes came before the last of %d events", n, storm, clients)
			}
		})
	}
}

func TestWhoFindsNoRoomIsTurnedAway(t *testing.T) {
	for name, limit := range map[string]string{
		"bytes": "max_message = \"1000\"\nevent_queue_total_bytes = \"1500\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, app{handlers: waits, toml: isolated("connection") + "[server]\n" + limit})
			long := strings.Repeat("x", 600)
			third, waiting, busy := s.connect(), s.connect(), s.connect()
			if got := busy.ask("x"); got != "done" { // so no handshake holds room any more
				t.Errorf("got %q", got)
			}
			busy.send("work" + long)
			busy.want("working")
			waiting.send("work" + long)
			waiting.want("working")
			third.send(long)
			s.log.wait("overloaded", `"closed":1`, "too many events wait")
			for range 5 {
				response := s.raw(upgrade(key, version, agent, "Cookie: a="+long))
				if after := response.Header.Get("Retry-After"); response.StatusCode != http.StatusServiceUnavailable || after == "" {
					t.Errorf("got %s, %q", response.Status, after)
				}
			}
			if n := s.log.count("overloaded"); n != 1 {
				t.Errorf("%d log lines", n)
			}
			s.write("go", "")
			busy.want("done")
			waiting.want("done")
			if code, reason := third.closed(); code != 1013 {
				t.Errorf("closed with %d %q", code, reason)
			}
			eventually(t, "the close event has run", func() bool { return strings.Contains(s.read("turns"), "closed") })
			if got := s.connect().ask("x"); got != "done" {
				t.Errorf("got %q", got)
			}
			s.stop()
			s.log.wait("overloaded", `"refused":5`)
		})
	}
}

func TestSaturatedPHPClosesWhoWaitsTooLong(t *testing.T) {
	s := serve(t, app{handlers: waits, toml: "[isolation]\nmode = \"connection\"\n[php]\nworkers = 1\n[server]\nqueue_wait = \"1s\"\n"})
	busy, waiting := s.connect(), s.connect()
	busy.send("work")
	busy.want("working")
	waiting.send("hello")
	s.log.wait("overloaded", "did not come in time")
	s.write("go", "")
	if code, reason := waiting.closed(); code != 1013 {
		t.Errorf("got %d %q", code, reason)
	}
}

func TestEventsWaitInOrderForPHP(t *testing.T) {
	const clients, texts = 10, 5
	a := app{
		handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }`,
		toml:     "[php]\nunavailable_wait = \"20s\"\n",
	}
	s := prepare(t, a)
	address, stop, start := external(t, s)
	a.args = []string{"--fastcgi", address}
	s.run(a)
	there := s.crowd(clients)
	stop()
	for _, c := range there {
		for n := range texts {
			c.send(fmt.Sprint(n))
		}
	}
	s.log.wait("php-fpm is away")
	for range 20 {
		if response := s.refused(headers("a=b")); response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("got %s", response.Status)
		}
	}
	s.log.wait("overloaded", `"refused":1`, "php-fpm is away")
	if n := s.log.count("overloaded"); n > 2 {
		t.Errorf("%d log lines", n)
	}
	start()
	together(there, func(_ int, c *client) {
		for n := range texts {
			c.want(fmt.Sprint(n))
		}
	})
	s.connect()
}
