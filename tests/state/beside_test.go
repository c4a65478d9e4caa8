package state

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Slow events that reach their own row only, which run beside the lane.

// slowOwn has a text handler that is slow from its first event on, and a quick binary one. "meet n" waits until n clients are in it, and
// "wait" until the file "go" is there.
const slowOwn = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	usleep(10000);
	if (strncmp($msg,"meet ",5)===0)
	{
		touch(__DIR__."/in-".$client_key);
		$n=(int)substr($msg,5);
		for ($i=0;$i<2000 && count(glob(__DIR__."/in-*"))<$n;$i++) { usleep(5000); }
	}
	if ($msg==="wait")
	{
		file_put_contents(__DIR__."/waits","yes");
		for ($i=0;$i<2000 && !file_exists(__DIR__."/go");$i++) { usleep(5000); clearstatcache(); }
	}
	$connection["n"]=(isset($connection["n"]) ? $connection["n"] : 0)+1;
	send_text($client_key,$connection["n"]." ".$msg);
}
function ws_server_binary(&$connections,&$connection,$client_key,$data)
{
	send_text($client_key,$data." ".(isset($connection["n"]) ? $connection["n"] : 0));
}
`

// resident is the configuration under which workers stay.
const resident = "[php]\nresident = \"on\"\nworkers = 4\n"

// learnSlow asks until the text handler was measured and watched, and events run beside the lane.
func learnSlow(s *harness.Server, c *harness.Client) {
	s.T.Helper()
	s.AwaitCode(c, "[]")
	for range 40 {
		c.Ask("x")
	}
}

func TestProcessesBesideTheLaneStay(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: slowOwn, TOML: resident + "[log]\nlevel = \"debug\"\n"})
	c := s.Connect()
	learnSlow(s, c)
	const booted = "resident worker runs slow events beside others"
	s.Log.Wait(booted)
	for range 20 {
		c.Ask("x")
	}
	old := s.Log.Count(booted)
	s.Write("push_server_events.php", "<?php\n"+strings.Replace(slowOwn, "$msg);", "$msg.\"!\");", 1)+
		"function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }\n")
	harness.Eventually(t, "new code runs beside the lane", func() bool {
		return strings.HasSuffix(c.Ask("x"), "!") && s.Log.Count(booted) > old
	})
	s.Stop(c)
	if n := eventsBeside(t, s.Log.Text(), booted); n < 15 {
		t.Errorf("%d events ran in processes that stay, beside the lane", n)
	}
}

// eventsBeside returns how many events the processes ran which the log says were booted, according to what it says at their end.
func eventsBeside(t *testing.T, log, booted string) (n int) {
	pids := map[int]bool{}
	for line := range strings.Lines(log) {
		var l struct {
			Msg         string
			PID, Events int
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		switch {
		case l.Msg == booted:
			pids[l.PID] = true
		case l.Msg == "resident worker has ended" && pids[l.PID]:
			n += l.Events
		}
	}
	return n
}

func TestSlowEventsOfTheirOwnRowRunBesideTheLane(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: slowOwn, TOML: resident})
	clients := s.ConnectMany(4)
	learnSlow(s, clients[0])
	harness.Together(clients[1:], func(_ int, c *harness.Client) {
		if got := c.Ask("meet 3"); got != "1 meet 3" {
			t.Errorf("got %q", got)
		}
	})
	// What they write is there for the lane, and the other way round.
	for i, c := range clients[1:] {
		c.SendBinary("row")
		if got := c.Receive(); got != "row 1" {
			t.Errorf("client %d: got %q", i, got)
		}
		if got := c.Ask("again"); got != "2 again" {
			t.Errorf("client %d: got %q", i, got)
		}
	}
	// A slow one holds up nobody who is quick.
	clients[1].Send("wait")
	harness.Eventually(t, "the slow event runs", func() bool { return s.ReadIfThere("waits") != "" })
	for i := range 20 {
		clients[2].SendBinary(fmt.Sprint(i))
		if got := clients[2].Receive(); got != fmt.Sprint(i, " 2") {
			t.Errorf("got %q", got)
		}
	}
	s.Write("go", "")
	if got := clients[1].Receive(); got != "3 wait" {
		t.Errorf("got %q", got)
	}
}

// writesUnseen writes a global variable of which the configuration says that it need not live, so that its events seem free to run beside the
// lane. Each says which process it ran in.
const writesUnseen = `
$n=0;
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $n;
	usleep(10000);
	$n++;
	send_text($client_key,(int)file_get_contents("/proc/self/stat"));
}`

func TestEventsThatWriteUnseenGoBackToTheLane(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: writesUnseen, TOML: resident + "[globals]\nforget = [\"n\"]\n"})
	c := s.Connect()
	lane := c.Ask("x")
	learnSlow(s, c)
	harness.Eventually(t, "an event beside the lane is seen to write", func() bool {
		c.Ask("x")
		return s.Log.Count("wrote $n, which its code does not show") > 0
	})
	for range 20 {
		if got := c.Ask("x"); got != lane {
			t.Fatalf("an event ran in process %s, want %s", got, lane)
		}
	}
}

// keepsStream gives a row what no other process can be given.
const keepsStream = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	usleep(10000);
	if ($msg==="keep") { $connection["f"]=fopen("php://memory","w+"); fwrite($connection["f"],"kept"); }
	if (!isset($connection["f"])) { send_text($client_key,"none"); return; }
	rewind($connection["f"]);
	send_text($client_key,fgets($connection["f"]));
}`

func TestRowsWithStreamsStayInTheLane(t *testing.T) {
	for name, early := range map[string]bool{"before the handler is known to be slow": true, "after that": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.Serve(t, harness.App{Handlers: keepsStream, TOML: resident})
			clients := s.ConnectMany(2)
			if early {
				clients[0].Ask("keep")
			}
			learnSlow(s, clients[1])
			if !early { // the first one may run beside the lane, which shows what the handler does
				clients[0].Ask("keep")
				clients[0].Ask("keep")
			}
			for range 10 {
				if got := clients[0].Ask("read"); got != "kept" {
					t.Fatalf("got %q", got)
				}
			}
		})
	}
}
