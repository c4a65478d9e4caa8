package state

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The value that code outside of functions gives a variable is made once in the original, at the start.

// inBothModes runs a test with resident workers and with one request per event.
func inBothModes(t *testing.T, a harness.App, test func(t *testing.T, s *harness.Server)) {
	t.Parallel()
	for name, mode := range map[string]string{"resident": harness.Resident, "request": harness.RequestPerEvent} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := a
			a.TOML = mode + a.TOML
			test(t, harness.Serve(t, a))
		})
	}
}

// ticking has a timer in each place where applications begin one.
const ticking = `
class Clock
{
	private $last;
	public $made;
	public function __construct() { $this->last=microtime(True); $this->made=uniqid(); }
	public function tick() { if (microtime(True)-$this->last<0.4) { return False; } $this->last=microtime(True); return True; }
}
function start_timer() { global $started; $started=microtime(True); }
$last=microtime(True);
$clock=new Clock();
start_timer();
$secret=bin2hex(random_bytes(8));
function ws_server_initialize() { global $initialized,$token; $initialized=microtime(True); $token=uniqid(); }
function ws_server_loop(&$server,&$sockets,&$connections)
{
	global $last,$clock,$started,$initialized;
	if (microtime(True)-$last>=0.4) { $last=microtime(True); broadcast_to_all("file scope"); }
	if ($clock->tick()) { broadcast_to_all("constructor"); }
	if (microtime(True)-$started>=0.4) { $started=microtime(True); broadcast_to_all("function"); }
	if (microtime(True)-$initialized>=0.4) { $initialized=microtime(True); broadcast_to_all("initialize"); }
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { global $secret; send_text($client_key,"text ".$secret); }
function ws_server_binary(&$connections,&$connection,$client_key,$data)
{
	global $secret,$token,$clock;
	send_text($client_key,"binary ".$secret);
	send_text($client_key,"made ".$token." ".$clock->made);
}
`

func TestTimersOfTheStartFire(t *testing.T) {
	inBothModes(t, harness.App{Settings: "WEBSOCKET_SELECT_TIMEOUT=20000\n", Handlers: ticking}, func(t *testing.T, s *harness.Server) {
		c := s.Connect()
		ticks := map[string]int{}
		for len(ticks) < 4 || min(ticks["file scope"], ticks["constructor"], ticks["function"], ticks["initialize"]) < 3 {
			ticks[c.Receive()]++ // or it waits in vain
		}
	})
}

func TestValuesThatTheStartMakesAreMadeOnce(t *testing.T) {
	quiet := strings.Replace(ticking, "ws_server_loop", "never", 1)
	inBothModes(t, harness.App{Handlers: quiet}, func(t *testing.T, s *harness.Server) {
		clients := s.ConnectMany(8)
		secrets, made := make([]string, len(clients)), make([]string, len(clients))
		harness.Together(clients, func(i int, c *harness.Client) {
			c.Send("x")
			secrets[i] = strings.TrimPrefix(c.Receive(), "text ")
			c.SendBinary("x")
			if got := c.Receive(); got != "binary "+secrets[i] {
				t.Errorf("another handler has %q, and this one %q", got, secrets[i])
			}
			made[i] = c.Receive()
		})
		for i := range clients {
			if len(secrets[i]) != 16 || secrets[i] != secrets[0] || made[i] != made[0] {
				t.Errorf("client %d got %q, %q and client 0 %q, %q", i, secrets[i], made[i], secrets[0], made[0])
			}
		}
	})
}

// New code starts anew: no event has changed the value that the old code gave.
func TestValuesOfTheStartAreThoseOfTheCode(t *testing.T) {
	const version = `$made=uniqid("%d-"); $count=0;
function ws_server_text(&$connections,&$connection,$client_key,$msg) { global $made,$count; if ($msg==="count") { $count++; } send_text($client_key,substr($made,0,2)." ".$count); }
function ws_server_authenticate() { return True; }
`
	inBothModes(t, harness.App{Handlers: fmt.Sprintf(version, 1), TOML: "[php.ini]\n\"opcache.revalidate_freq\" = 0\n"}, func(t *testing.T, s *harness.Server) {
		c := s.Connect()
		for range 2 {
			c.Ask("count")
		}
		if got := c.Ask("x"); got != "1- 2" {
			t.Errorf("got %q", got)
		}
		s.Write("push_server_events.php", "<?php\n"+fmt.Sprintf(version, 2)+"// as PHP tells files apart by size and by second\n")
		harness.Eventually(t, "new code", func() bool { return c.Ask("x") != "1- 2" })
		if got := c.Ask("x"); got != "2- 2" {
			t.Errorf("got %q", got)
		}
	})
}

// A worker that fails does not take what the start made once with it.
func TestValuesOfTheStartOutliveAWorker(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: harness.Resident, Handlers: `
$secret=uniqid();
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $secret;
	if ($msg==="fail") { throw new Exception("fails"); }
	send_text($client_key,$secret." ".getmypid());
}`})
	c, other := s.Connect(), s.Connect()
	secret, pid, _ := strings.Cut(c.Ask("x"), " ")
	other.Send("fail")
	s.Log.Wait("resident worker has ended")
	if now, by, _ := strings.Cut(c.Ask("x"), " "); now != secret || by == pid {
		t.Errorf("got %q of %s, after %q of %s", now, by, secret, pid)
	}
}
