package faults

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// waits has handlers that note when they run and, where asked, wait for the file "go".
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

// handshakes sends n handshakes and returns the connections without waiting for answers.
func handshakes(s *harness.Server, n int, lines ...string) (conns []net.Conn) {
	s.T.Helper()
	for range n {
		conn, err := net.Dial("tcp", s.Address)
		if err != nil {
			s.T.Fatal(err)
		}
		s.T.Cleanup(func() { conn.Close() })
		if _, err := conn.Write([]byte(s.Request(append(lines, "User-Agent: tests")...))); err != nil {
			s.T.Fatal(err)
		}
		conns = append(conns, conn)
	}
	return conns
}

func TestStormOfHandshakesDoesNotHoldUpEvents(t *testing.T) {
	for _, mode := range []string{"auto", "serial"} {
		t.Run(mode, func(t *testing.T) {
			const storm, clients = 600, 10 // up to 256 events are in PHP already, and 16 handshakes come between two others
			s := harness.Serve(t, harness.App{Handlers: waits, TOML: harness.Isolation(mode)})
			there := s.ConnectMany(clients)
			handshakes(s, storm, "Cookie: storm") // the first ones hold all workers
			for i, c := range there {
				if i%2 == 0 {
					c.Send("x")
				} else {
					c.SendBinary("x")
				}
				c.Ping()
			}
			s.Write("go", "")
			for _, c := range there {
				if got := c.Receive(); !strings.HasPrefix(got, "done") {
					t.Errorf("got %q", got)
				}
			}
			harness.Eventually(t, "the storm is over", func() bool { return strings.Count(s.ReadIfThere("turns"), "handshake") == storm })
			before := s.Read("turns")
			before = before[:strings.LastIndex(before, "event")]
			if n := strings.Count(before, "handshake"); n > storm/2 {
				t.Errorf("%d of %d handshakes came before the last of %d events", n, storm, clients)
			}
		})
	}
}

func TestWhoFindsNoRoomIsTurnedAway(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: waits, TOML: harness.Isolation("connection") + "[server]\nmax_message = \"1000\"\nevent_queue_total_bytes = \"1500\"\n"})
	long := strings.Repeat("x", 600)
	third, waiting, busy := s.Connect(), s.Connect(), s.Connect()
	s.AwaitCode(busy, "[]")                  // else the next two run one after the other
	if got := busy.Ask("x"); got != "done" { // no handshake takes room any more
		t.Errorf("got %q", got)
	}
	busy.Send("work" + long)
	busy.Want("working")
	waiting.Send("work" + long)
	waiting.Want("working")
	third.Send(long)
	s.Log.Wait("overloaded", `"closed":1`, "too many events wait")
	for range 5 {
		response := s.Open("127.0.0.1", s.Request("User-Agent: tests", "Cookie: a="+long)).Answer()
		if after := response.Header.Get("Retry-After"); response.StatusCode != http.StatusServiceUnavailable || after == "" {
			t.Errorf("got %s, %q", response.Status, after)
		}
	}
	if n := s.Log.Count("overloaded"); n != 2 { // the client, and the first of the handshakes
		t.Errorf("%d log lines", n)
	}
	s.Write("go", "")
	busy.Want("done")
	waiting.Want("done")
	if code, reason := third.Closed(); code != 1013 {
		t.Errorf("closed with %d %q", code, reason)
	}
	harness.Eventually(t, "the close event has run", func() bool { return strings.Contains(s.Read("turns"), "closed") })
	last := s.Connect()
	if got := last.Ask("x"); got != "done" {
		t.Errorf("got %q", got)
	}
	s.Stop(busy, waiting, last)
	s.Log.Wait("overloaded", `"refused":4`)
}

func TestSaturatedPHPClosesWhoWaitsTooLong(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: waits, TOML: "[isolation]\nmode = \"connection\"\n[php]\nworkers = 1\n[server]\nqueue_wait = \"1s\"\n"})
	busy, waiting := s.Connect(), s.Connect()
	busy.Send("work")
	busy.Want("working")
	waiting.Send("hello")
	s.Log.Wait("overloaded", "did not come in time")
	s.Write("go", "")
	if code, reason := waiting.Closed(); code != 1013 {
		t.Errorf("got %d %q", code, reason)
	}
}

func TestEventsWaitInOrderForPHP(t *testing.T) {
	const clients, texts = 10, 5
	a := harness.App{
		Handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }`,
		TOML:     "[php]\nunavailable_wait = \"20s\"\n",
	}
	s := harness.Prepare(t, a)
	fpm := harness.StartFPM(t, 3)
	a.Args = []string{"--fastcgi", fpm.Address}
	s.Run(a)
	there := s.ConnectMany(clients)
	fpm.Stop()
	for _, c := range there {
		for n := range texts {
			c.Send(fmt.Sprint(n))
		}
	}
	s.Log.Wait("php-fpm is away")
	for range 20 {
		if response := s.Refused(harness.Headers("a=b")); response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("got %s", response.Status)
		}
	}
	s.Log.Wait("overloaded", `"refused":1`, "php-fpm is away")
	if n := s.Log.Count("overloaded"); n > 2 {
		t.Errorf("%d log lines", n)
	}
	fpm.Start()
	harness.Together(there, func(_ int, c *harness.Client) {
		for n := range texts {
			c.Want(fmt.Sprint(n))
		}
	})
	s.Connect()
}
