package tests

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"
)

// Globals that live: in one long process, what a handler had written into a global variable was there at the next event.

func TestOfficeRemembersWhatWasSaid(t *testing.T) {
	officeInEachMode(t, "", func(t *testing.T, o office) {
		people := o.enter("anna", "bert")
		anna, bert := people[0], people[1]
		for i, text := range []string{"one", "two", "three", "four"} {
			people[i%2].send("say|" + text)
			all(people, "chat|"+[]string{"anna", "bert"}[i%2]+"|"+text)
		}
		bert.send("history")
		bert.want(`history|["bert: two","anna: three","bert: four"]`)
		anna.send("stats")
		anna.want("stats|4|0|3")
		if got := o.enter("carl")[0].ask("history"); got != `history|["bert: two","anna: three","bert: four"]` {
			t.Errorf("a newcomer got %q", got)
		}
	})
}

func TestOfficeFillsItsCacheOnce(t *testing.T) {
	officeInEachMode(t, "", func(t *testing.T, o office) {
		people := o.enter("anna", "bert")
		for _, c := range append(people, people...) {
			if got := c.ask("title|budget"); got != "title|budget|The budget" {
				t.Errorf("got %q", got)
			}
		}
		if n := strings.Count(o.read("journal.txt"), "titles are read\n"); n != 1 {
			t.Errorf("the titles were read %d times", n)
		}
		people[0].send("stats")
		people[0].want("stats|0|2|3")
	})
}

func TestOfficeKeepsOutWhomItHasThrownOut(t *testing.T) {
	officeInEachMode(t, "", func(t *testing.T, o office) {
		people := o.enter("anna", "bert")
		anna, bert := people[0], people[1]
		anna.send("throw out|bert|for ever")
		all([]*client{anna, bert}, "leaving|bert|OPEN")
		all([]*client{anna}, presence("anna"), "kicked|bert|1|gone|not sent")
		if code, _ := bert.closed(); code != 4003 {
			t.Errorf("closed with %d", code)
		}
		if got := o.refused(headers("office_user=bert; office_secret=banana")); got.StatusCode != 403 {
			t.Errorf("got %s", got.Status)
		}
	})
}

func TestOfficeJournalCannotLiveAndIsReported(t *testing.T) {
	officeInEachMode(t, "", func(t *testing.T, o office) {
		people := o.enter("anna", "bert")
		people[0].ask("journal|one")
		people[1].ask("journal|two") // it is opened anew
		o.log.wait("global", "journal")
	})
}

// counting counts by every way to a global variable, from every kind of handler.
const counting = `
$count=0;
$seen=array();
function bump($name) { global $count,$seen; $count++; $seen[$name]=isset($seen[$name])?$seen[$name]+1:1; }
function ws_server_started(&$server,&$sockets,&$connections) { bump("started"); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data) { bump("fifo"); broadcast_to_all("fifo ".$GLOBALS["count"]); }
function ws_server_open(&$connections,&$connection,$client_key) { bump("open"); }
function ws_server_after_close(&$connections) { bump("after_close"); broadcast_to_all("left"); }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $count,$seen;
	if ($msg=="seen") { ksort($seen); send_text($client_key,json_encode($seen)); return; }
	if ($msg=="reset") { $GLOBALS["count"]=0; unset($GLOBALS["seen"]["text"]); send_text($client_key,"reset ".$count); return; }
	bump("text");
	send_text($client_key,$msg." ".$count);
}
`

func TestGlobalsAreSharedByAllHandlers(t *testing.T) {
	inEachMode(t, app{handlers: counting}, func(t *testing.T, s *server) {
		a, b := s.connect(), s.connect()
		a.send("x") // after started and two opens
		a.want("x 4")
		b.send("y")
		b.want("y 5")
		s.pipe("x")
		all([]*client{a, b}, "fifo 6")
		b.leave()
		a.want("left")
		a.send("seen")
		a.want(`{"after_close":1,"fifo":1,"open":2,"started":1,"text":2}`)
		a.send("reset")
		a.want("reset 0")
		a.send("z")
		a.want("z 1")
		a.send("seen")
		a.want(`{"after_close":1,"fifo":1,"open":2,"started":1,"text":1}`)
	})
}

func TestGlobalCounterIsExactWhenManyCount(t *testing.T) {
	inEachMode(t, app{handlers: counting}, func(t *testing.T, s *server) {
		const clients, messages = 8, 50
		var group sync.WaitGroup
		for range clients {
			c := s.connect()
			group.Go(func() {
				for range messages {
					if err := c.conn.WriteMessage(websocket.TextMessage, []byte("x")); err != nil {
						t.Errorf("send: %v", err)
						return
					}
					if _, _, err := c.conn.ReadMessage(); err != nil {
						t.Errorf("receive: %v", err)
						return
					}
				}
			})
		}
		group.Wait()
		// started, the opens of all and of this one, and each message
		if got, want := s.connect().ask("x"), fmt.Sprint("x ", 1+clients+1+clients*messages+1); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestGlobalThatInitializeFillsKeepsWhatHandlersWrite(t *testing.T) {
	inEachMode(t, app{handlers: `
$cache=array();
$templates=array();
function ws_server_initialize() { global $cache,$templates; $cache["start"]="filled"; $cache["n"]=0; $templates=array("t"=>"T"); }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $cache;
	$cache["n"]++;
	$cache[$msg]=True;
	send_text($client_key,template_fill("t").json_encode($cache));
}`}, func(t *testing.T, s *server) {
		c := s.connect()
		c.send("a")
		c.want(`T{"start":"filled","n":1,"a":true}`)
		c.send("b")
		c.want(`T{"start":"filled","n":2,"a":true,"b":true}`)
	})
}

func TestGlobalFilledByInitializeRunOnceIsThere(t *testing.T) {
	inEachMode(t, app{toml: initializeOnce, handlers: `
$templates=array();
function ws_server_initialize() { global $templates; $templates=array("t"=>"filled once"); file_put_contents(__DIR__."/ran","x",FILE_APPEND); }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,template_fill("t").file_get_contents(__DIR__."/ran")); }`},
		func(t *testing.T, s *server) {
			for range 2 {
				if got := s.connect().ask("x"); got != "filled oncex" {
					t.Errorf("got %q", got)
				}
			}
		})
}

func TestGlobalValuesSurviveExactly(t *testing.T) {
	inEachMode(t, app{handlers: `
class Thing { public $a=array(3=>"x",1=>1.0); private $b="\xff\0"; }
$kept=Null;
$sum="";
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $kept,$sum;
	if ($msg=="set")
	{
		$kept=array(7=>1.0,3=>array("\xff"=>-0.0),"o"=>new Thing(),"tag"=>array("\0php"=>"x"),"n"=>Null,"list"=>array(1=>"b",0=>"a"));
		$sum=md5(serialize($kept));
		send_text($client_key,"set");
		return;
	}
	send_text($client_key,(md5(serialize($kept))===$sum)?"same":var_dump_to_str($kept));
}`}, func(t *testing.T, s *server) {
		a, b := s.connect(), s.connect()
		a.send("set")
		a.want("set")
		for range 3 {
			b.send("compare")
			b.want("same")
		}
	})
}

func TestGlobalsThatCannotLiveAreReported(t *testing.T) {
	inEachMode(t, app{handlers: `
$callback=False;
$handle=False;
$name="unset";
function visits() { static $n=0; $n++; return $n; }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $callback,$handle,$name;
	if ($msg=="set")
	{
		$callback=$msg=="set"?function() { return 1; }:"strlen";
		$handle=tmpfile();
		$name="set";
	}
	send_text($client_key,$name.visits());
}`}, func(t *testing.T, s *server) {
		a, b := s.connect(), s.connect()
		a.send("set")
		a.want("set1")
		if got := b.ask("look"); !strings.HasPrefix(got, "set") {
			t.Errorf("got %q: its neighbours were lost, too", got)
		}
		s.log.wait("global", "callback")
		s.log.wait("global", "handle")
		s.log.wait("static", "visits")
	})
}

func TestGlobalsOutliveAWorker(t *testing.T) {
	inEachMode(t, app{handlers: `
$count=0;
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $count;
	if ($msg=="count") { $count++; }
	send_text($client_key,getmypid()." ".$count);
}`, toml: "[php]\nworkers = 1\n"}, func(t *testing.T, s *server) {
		c := s.connect()
		ask := func(text string) (pid, n int) {
			t.Helper()
			if _, err := c.tryAsk(text, "%d %d", &pid, &n); err != nil {
				t.Fatal(err)
			}
			return pid, n
		}
		ask("count")
		// The answer comes before its event has ended, so what is killed below may be this event, which counts nothing.
		worker, count := ask("look")
		if count != 1 {
			t.Fatalf("got %d", count)
		}
		if err := syscall.Kill(worker, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the worker ends", func() bool { return !running(worker) })
		if another, count := ask("count"); another == worker || count != 2 {
			t.Errorf("worker %d after %d counted %d", another, worker, count)
		}
	})
}
