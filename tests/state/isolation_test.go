package state

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Events that run at the same time, which no handler may notice.

// takeLock gives the lock of a round to the first client that asks, if no row has it already.
const takeLock = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	foreach ($connections as $c) { if (isset($c["lock"]) && $c["lock"]===$msg) { send_text($client_key,"no"); return; } }
	$connection["lock"]=$msg;
	send_text($client_key,"mine");
}`

// holders lets eight clients ask for the lock of each round at once, and counts the rounds in which not exactly one got
// it.
func holders(s *harness.Server, rounds int) (wrong int) {
	clients := s.ConnectMany(8)
	for round := range rounds {
		var got atomic.Int32
		harness.Together(clients, func(_ int, c *harness.Client) {
			if c.Ask(fmt.Sprint("round ", round)) == "mine" {
				got.Add(1)
			}
		})
		if got.Load() != 1 {
			wrong++
		}
	}
	return wrong
}

func TestLockInAllRowsHasOneHolder(t *testing.T) {
	for _, mode := range harness.Modes() {
		t.Run(mode, func(t *testing.T) {
			s := harness.Serve(t, harness.App{Handlers: takeLock, TOML: harness.Isolation(mode)})
			const rounds = 500
			if wrong := holders(s, rounds); wrong > 0 {
				t.Errorf("in %d of %d rounds the lock had none or several holders", wrong, rounds)
			}
		})
	}
}

// Why "connection" is not the default: an event there cannot see who holds the lock.
func TestLockInAllRowsIsBrokenByIsolationConnection(t *testing.T) {
	// Each waits before it looks, since with residents only slow events run side by side, and after that, so that the others certainly look meanwhile.
	const wait = "\tusleep(20000);\n"
	slow := strings.NewReplacer("\tforeach", wait+"\tforeach", "\t$connection", wait+"\t$connection").Replace(takeLock)
	s := harness.Serve(t, harness.App{Handlers: slow, TOML: harness.Isolation("connection")})
	if wrong := holders(s, 20); wrong == 0 {
		t.Error("each round had one holder: isolation connection could be the default")
	}
}

// meet waits until a number of clients are in a handler at the same time.
const meet = `
function meet($client_key,$n)
{
	touch(__DIR__."/in-".$client_key);
	for ($i=0;$i<1000;$i++)
	{
		if (count(glob(__DIR__."/in-*"))>=$n) { return "together"; }
		usleep(10000);
	}
	return "alone";
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg=="settle"?"settled":meet($client_key,(int)$msg)); }
`

// With one request per event. With residents, only slow ones do.
func TestHandlersOfTheirOwnRowRunSideBySide(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: meet, TOML: harness.PerRequest(harness.Isolation("auto"))})
	clients := s.ConnectMany(4)
	s.AwaitCode(clients[0], "[]")
	harness.Together(clients, func(_ int, c *harness.Client) {
		if got := c.Ask("4"); got != "together" {
			t.Errorf("client was %s", got)
		}
	})
}

// turns notes when each event begins and ends; "wait" does not end before the file "go" is there. Text reaches its own
// row only, binary all rows.
const turns = `
function turn($what,$msg)
{
	file_put_contents(__DIR__."/turns",$what." ".$msg." begins\n",FILE_APPEND|LOCK_EX);
	while ($msg=="wait" && !file_exists(__DIR__."/go")) { usleep(5000); clearstatcache(); }
	file_put_contents(__DIR__."/turns",$what." ".$msg." ends\n",FILE_APPEND|LOCK_EX);
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { if ($msg!="settle") { turn("own",$msg); } send_text($client_key,"own ".$msg); }
function ws_server_binary(&$connections,&$connection,$client_key,$data) { turn("table ".count($connections),$data); send_text($client_key,"table ".$data); }
`

// alone fails the test if another event ran during one that reaches all rows.
func alone(t *testing.T, turns string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(turns), "\n")
	for i, line := range lines {
		if begin, ok := strings.CutSuffix(line, " begins"); ok && strings.HasPrefix(line, "table") && lines[i+1] != begin+" ends" {
			t.Fatalf("%q ran beside %q", line, lines[i+1])
		}
	}
}

func TestHandlersOfAllRowsWaitForOthers(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: turns, TOML: harness.Isolation("auto")})
	clients := s.ConnectMany(2)
	s.AwaitCode(clients[0], `["ws_server_binary"]`)
	clients[0].Send("wait")
	harness.Eventually(t, "the first event runs", func() bool { return strings.Contains(s.ReadIfThere("turns"), "own wait begins") })
	clients[1].SendBinary("x")
	clients[1].Ping()
	s.Write("go", "")
	clients[0].Want("own wait")
	clients[1].Want("table x")
	if got, want := s.Read("turns"), "own wait begins\nown wait ends\ntable 2 x begins\ntable 2 x ends\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNeitherKindOfHandlerStarves(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: turns, TOML: harness.Isolation("auto")})
	clients := s.ConnectMany(8)
	s.AwaitCode(clients[0], `["ws_server_binary"]`)
	harness.Together(clients, func(i int, c *harness.Client) {
		for n := range 200 {
			if i%4 == 0 {
				c.SendBinary(fmt.Sprint(n))
				c.Want(fmt.Sprint("table ", n))
			} else {
				c.Send(fmt.Sprint(n))
				c.Want(fmt.Sprint("own ", n))
			}
		}
	})
	alone(t, s.Read("turns"))
}

func TestOrderWithinAConnectionHoldsWhateverEventsReach(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: turns, TOML: harness.Isolation("auto")})
	clients := s.ConnectMany(8)
	s.AwaitCode(clients[0], `["ws_server_binary"]`)
	harness.Together(clients, func(_ int, c *harness.Client) {
		for n := range 100 {
			if n%3 == 0 {
				c.SendBinary(fmt.Sprint(n))
			} else {
				c.Send(fmt.Sprint(n))
			}
		}
		for n := range 100 {
			want := fmt.Sprint("own ", n)
			if n%3 == 0 {
				want = fmt.Sprint("table ", n)
			}
			c.Want(want)
		}
	})
}

func TestIsolationOfOneHandlerIsConfigurable(t *testing.T) {
	toml := harness.Isolation("auto") + "[isolation.handlers]\ntext = \"serial\"\nbinary = \"connection\"\n"
	s := harness.Serve(t, harness.App{Handlers: turns, TOML: toml})
	c := s.Connect()
	s.Connect()
	s.AwaitCode(c, `["ws_server_text"]`)
	c.SendBinary("x")
	c.Want("table x")
	if got := s.Read("turns"); !strings.Contains(got, "table 1 x") {
		t.Errorf("got %s", got)
	}
}

// codeVersion answers with its number; every other version reaches all rows.
func codeVersion(n int) string {
	reach := ""
	if n%2 == 1 {
		reach = "count($connections);"
	}
	return fmt.Sprintf(`<?php
function ws_server_authenticate() { return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { %s $connection["n"]=(int)$msg; send_text($client_key,$msg." of %d"); }`, reach, n)
}

// With one request per event the next event runs the new code, with residents one that comes within some seconds. No client sees older
// code again, or loses an event.
func TestCodeThatChangesUnderLoad(t *testing.T) {
	for _, c := range []struct {
		name, toml string
		next       bool
	}{
		{"request per event", harness.PerRequest(harness.Isolation("auto")), true},
		{"resident", strings.Replace(harness.Isolation("auto"), "[php]\n", harness.Resident, 1), false},
	} {
		t.Run(c.name, func(t *testing.T) { changeCode(t, c.toml, c.next) })
	}
}

// changeCode replaces the code while clients talk. next says that an event that is sent after that has to run it.
func changeCode(t *testing.T, toml string, next bool) {
	a := harness.App{TOML: toml}
	s := harness.Prepare(t, a)
	s.Write("push_server_events.php", codeVersion(0))
	s.Run(a)
	var newest atomic.Int32 // an event that is sent now runs this version, or a later one
	stop := make(chan struct{})
	var load sync.WaitGroup
	for _, c := range s.ConnectMany(16) {
		load.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				least := newest.Load()
				var number, code int32
				if got := c.Ask(fmt.Sprint(n)); !scan(got, &number, &code) || int(number) != n || code < least {
					t.Errorf("event %d, sent when version %d had run: got %q", n, least, got)
					return
				}
			}
		})
	}
	judge := s.Connect()
	for n := int32(1); n <= 6; n++ {
		s.Write("push_server_events.php", codeVersion(int(n)))
		want := fmt.Sprint("0 of ", n)
		if !next {
			harness.Eventually(t, "new code", func() bool { return judge.Ask("0") == want })
		}
		newest.Store(n)
		if got := judge.Ask("0"); got != want {
			t.Errorf("the next event ran %q, want %q", got, want)
		}
	}
	close(stop)
	load.Wait()
	if n := s.Log.Count("client left"); n > 0 {
		t.Errorf("%d clients were dropped", n)
	}
}

func scan(text string, number, code *int32) bool {
	n, err := fmt.Sscanf(text, "%d of %d", number, code)
	return n == 2 && err == nil
}
