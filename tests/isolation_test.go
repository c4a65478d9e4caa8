package tests

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gorilla/websocket"
)

// What may run at the same time, and what handlers notice of it: nothing.

// quickCode has PHP look at the application's files in each request, so that code that has just been written counts as
// certain within a second.
const quickCode = "\"opcache.revalidate_freq\" = 0\n"

// isolated is the configuration of an isolation mode and four workers.
func isolated(mode string) string {
	return fmt.Sprintf("[isolation]\nmode = %q\n[php]\nworkers = 4\n[php.ini]\n%s", mode, quickCode)
}

// settled asks until wsbridge is certain of the code and has read it. Until then, events run alone.
func (s *server) settled(c *client, handlersAlone string) {
	s.t.Helper()
	eventually(s.t, "the code is certain", func() bool {
		c.ask("settle")
		return s.log.count("application described", `"certain":true`, `"alone":`+handlersAlone) > 0
	})
}

// crowd connects n clients.
func (s *server) crowd(n int) (all []*client) {
	s.t.Helper()
	for range n {
		all = append(all, s.connect())
	}
	return all
}

// together runs do for each client at the same time.
func together(clients []*client, do func(i int, c *client)) {
	var group sync.WaitGroup
	for i, c := range clients {
		group.Go(func() { do(i, c) })
	}
	group.Wait()
}

// takeLock gives the lock of a round to the first who asks for it: nobody may have it already.
const takeLock = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	foreach ($connections as $c) { if (isset($c["lock"]) && $c["lock"]===$msg) { send_text($client_key,"no"); return; } }
	$connection["lock"]=$msg;
	send_text($client_key,"mine");
}`

// holders has eight clients ask for the lock of each round at once, and returns in how many rounds not exactly one got it.
func holders(s *server, rounds int) (wrong int) {
	clients := s.crowd(8)
	for round := range rounds {
		var got atomic.Int32
		together(clients, func(_ int, c *client) {
			if c.ask(fmt.Sprint("round ", round)) == "mine" {
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
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			s := serve(t, app{handlers: takeLock, toml: isolated(mode)})
			const rounds = 2000
			if wrong := holders(s, rounds); wrong > 0 {
				t.Errorf("in %d of %d rounds the lock had none or several holders", wrong, rounds)
			}
		})
	}
}

// Why "connection" is not the default: an event there cannot see who holds the lock.
func TestLockInAllRowsIsBrokenByIsolationConnection(t *testing.T) {
	s := serve(t, app{handlers: takeLock, toml: isolated("connection")})
	if wrong := holders(s, 20); wrong == 0 {
		t.Error("each round had one holder: isolation connection could be the default")
	}
}

// meet waits until as many clients as it is told are in a handler at the same time.
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

func TestHandlersOfTheirOwnRowRunSideBySide(t *testing.T) {
	s := serve(t, app{handlers: meet, toml: isolated("auto")})
	clients := s.crowd(4)
	s.settled(clients[0], "[]")
	together(clients, func(_ int, c *client) {
		if got := c.ask("4"); got != "together" {
			t.Errorf("client was %s", got)
		}
	})
}

// turns notes when each event begins and ends; "wait" does not end before the file "go" is there. Text reaches its own row
// only, binary all rows.
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

func (c *client) sendBinary(data string) {
	c.t.Helper()
	if err := c.conn.WriteMessage(websocket.BinaryMessage, []byte(data)); err != nil {
		c.t.Fatal(err)
	}
}

// alone reports whether each event that reaches all rows had nothing else between its begin and its end.
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
	s := serve(t, app{handlers: turns, toml: isolated("auto")})
	clients := s.crowd(2)
	s.settled(clients[0], `["ws_server_binary"]`)
	clients[0].send("wait")
	eventually(t, "the first event runs", func() bool { return strings.Contains(s.readIfThere("turns"), "own wait begins") })
	clients[1].sendBinary("x")
	clients[1].ping()
	s.write("go", "")
	clients[0].want("own wait")
	clients[1].want("table x")
	if got, want := s.read("turns"), "own wait begins\nown wait ends\ntable 2 x begins\ntable 2 x ends\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// ping returns when the server has read what c has sent before. No message may be on its way.
func (c *client) ping() {
	c.t.Helper()
	if err := c.conn.WriteMessage(websocket.PingMessage, []byte("read?")); err != nil {
		c.t.Fatal(err)
	}
	pong := make([]byte, len("\x8a\x05read?"))
	if _, err := io.ReadFull(c.conn.NetConn(), pong); err != nil || string(pong) != "\x8a\x05read?" {
		c.t.Fatalf("got %q, %v", pong, err)
	}
}

func TestNeitherKindOfHandlerStarves(t *testing.T) {
	s := serve(t, app{handlers: turns, toml: isolated("auto")})
	clients := s.crowd(8)
	s.settled(clients[0], `["ws_server_binary"]`)
	together(clients, func(i int, c *client) {
		for n := range 200 {
			if i%4 == 0 {
				c.sendBinary(fmt.Sprint(n))
				c.want(fmt.Sprint("table ", n))
			} else {
				c.send(fmt.Sprint(n))
				c.want(fmt.Sprint("own ", n))
			}
		}
	})
	alone(t, s.read("turns"))
}

func TestOrderWithinAConnectionHoldsWhateverEventsReach(t *testing.T) {
	s := serve(t, app{handlers: turns, toml: isolated("auto")})
	clients := s.crowd(8)
	s.settled(clients[0], `["ws_server_binary"]`)
	together(clients, func(_ int, c *client) {
		for n := range 100 {
			if n%3 == 0 {
				c.sendBinary(fmt.Sprint(n))
			} else {
				c.send(fmt.Sprint(n))
			}
		}
		for n := range 100 {
			want := fmt.Sprint("own ", n)
			if n%3 == 0 {
				want = fmt.Sprint("table ", n)
			}
			c.want(want)
		}
	})
}

func TestIsolationOfOneHandlerIsConfigurable(t *testing.T) {
	toml := isolated("auto") + "[isolation.handlers]\ntext = \"serial\"\nbinary = \"connection\"\n"
	s := serve(t, app{handlers: turns, toml: toml})
	c := s.connect()
	s.connect()
	s.settled(c, `["ws_server_text"]`)
	c.sendBinary("x")
	c.want("table x")
	if got := s.read("turns"); !strings.Contains(got, "table 1 x") {
		t.Errorf("got %s", got)
	}
}

// Each version of the code answers by its name; every other one reaches all rows.
func codeVersion(n int) string {
	reach := ""
	if n%2 == 1 {
		reach = "count($connections);"
	}
	return fmt.Sprintf(`<?php
function ws_server_authenticate() { return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { %s $connection["n"]=(int)$msg; send_text($client_key,$msg." of %d"); }`, reach, n)
}

func TestCodeThatChangesUnderLoad(t *testing.T) {
	a := app{toml: isolated("auto")}
	s := prepare(t, a)
	s.write("push_server_events.php", codeVersion(0))
	s.run(a)
	var newest atomic.Int32 // the version that was there when an event was sent, or a later one
	stop := make(chan struct{})
	var load sync.WaitGroup
	for _, c := range s.crowd(16) {
		load.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				least := newest.Load()
				var number, code int32
				if got := c.ask(fmt.Sprint(n)); !scan(got, &number, &code) || int(number) != n || code < least {
					t.Errorf("event %d, sent when version %d was there: got %q", n, least, got)
					return
				}
			}
		})
	}
	judge := s.connect()
	for n := int32(1); n <= 6; n++ {
		s.write("push_server_events.php", codeVersion(int(n)))
		newest.Store(n)
		if got, want := judge.ask("0"), fmt.Sprint("0 of ", n); got != want {
			t.Errorf("the next event ran %q, want %q", got, want)
		}
	}
	close(stop)
	load.Wait()
	if n := s.log.count("client left"); n > 0 {
		t.Errorf("%d clients were dropped", n)
	}
}

func scan(text string, number, code *int32) bool {
	n, err := fmt.Sscanf(text, "%d of %d", number, code)
	return n == 2 && err == nil
}
