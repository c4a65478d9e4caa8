package state

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Living globals: what a handler writes into a global variable is there in the next event, as in one long process.

// counting reaches a global variable in every way, from every kind of handler.
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
	inEachMode(t, harness.App{Handlers: counting}, func(t *testing.T, s *harness.Server) {
		a, b := s.Connect(), s.Connect()
		a.Send("x") // after started and two opens
		a.Want("x 4")
		b.Send("y")
		b.Want("y 5")
		s.WritePipe("x")
		harness.WantAll([]*harness.Client{a, b}, "fifo 6")
		b.Leave()
		a.Want("left")
		a.Send("seen")
		a.Want(`{"after_close":1,"fifo":1,"open":2,"started":1,"text":2}`)
		a.Send("reset")
		a.Want("reset 0")
		a.Send("z")
		a.Want("z 1")
		a.Send("seen")
		a.Want(`{"after_close":1,"fifo":1,"open":2,"started":1,"text":1}`)
	})
}

func TestGlobalCounterIsExactWhenManyCount(t *testing.T) {
	inEachMode(t, harness.App{Handlers: counting}, func(t *testing.T, s *harness.Server) {
		const clients, messages = 8, 50
		var group sync.WaitGroup
		for range clients {
			c := s.Connect()
			group.Go(func() {
				for range messages {
					if err := c.Conn.WriteMessage(websocket.TextMessage, []byte("x")); err != nil {
						t.Errorf("send: %v", err)
						return
					}
					if _, _, err := c.Conn.ReadMessage(); err != nil {
						t.Errorf("receive: %v", err)
						return
					}
				}
			})
		}
		group.Wait()
		// started, the opens of all and of this one, and each message
		if got, want := s.Connect().Ask("x"), fmt.Sprint("x ", 1+clients+1+clients*messages+1); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestGlobalThatInitializeFillsKeepsWhatHandlersWrite(t *testing.T) {
	inEachMode(t, harness.App{Handlers: `
$cache=array();
$templates=array();
function ws_server_initialize() { global $cache,$templates; $cache["start"]="filled"; $cache["n"]=0; $templates=array("t"=>"T"); }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $cache;
	$cache["n"]++;
	$cache[$msg]=True;
	send_text($client_key,template_fill("t").json_encode($cache));
}`}, func(t *testing.T, s *harness.Server) {
		c := s.Connect()
		c.Send("a")
		c.Want(`T{"start":"filled","n":1,"a":true}`)
		c.Send("b")
		c.Want(`T{"start":"filled","n":2,"a":true,"b":true}`)
	})
}

func TestGlobalFilledByInitializeRunOnceIsThere(t *testing.T) {
	inEachMode(t, harness.App{TOML: harness.InitializeOnce, Handlers: `
$templates=array();
function ws_server_initialize() { global $templates; $templates=array("t"=>"filled once"); file_put_contents(__DIR__."/ran","x",FILE_APPEND); }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,template_fill("t").file_get_contents(__DIR__."/ran")); }`},
		func(t *testing.T, s *harness.Server) {
			for range 2 {
				if got := s.Connect().Ask("x"); got != "filled oncex" {
					t.Errorf("got %q", got)
				}
			}
		})
}

func TestGlobalValuesSurviveExactly(t *testing.T) {
	inEachMode(t, harness.App{Handlers: `
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
}`}, func(t *testing.T, s *harness.Server) {
		a, b := s.Connect(), s.Connect()
		a.Send("set")
		a.Want("set")
		for range 3 {
			b.Send("compare")
			b.Want("same")
		}
	})
}

// With one request per event. In a resident worker these values live.
func TestGlobalsThatCannotLiveAreReported(t *testing.T) {
	inEachMode(t, harness.App{Handlers: `
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
}`, TOML: harness.RequestPerEvent}, func(t *testing.T, s *harness.Server) {
		a, b := s.Connect(), s.Connect()
		a.Send("set")
		a.Want("set1")
		if got := b.Ask("look"); !strings.HasPrefix(got, "set") {
			t.Errorf("got %q: its neighbours were lost, too", got)
		}
		s.Log.Wait("global", "callback")
		s.Log.Wait("global", "handle")
		s.Log.Wait("static", "visits")
	})
}

func TestGlobalsOutliveAWorker(t *testing.T) {
	inEachMode(t, harness.App{Handlers: `
$count=0;
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $count;
	if ($msg=="count") { $count++; }
	send_text($client_key,getmypid()." ".$count);
}`, TOML: "[php]\nworkers = 1\n"}, func(t *testing.T, s *harness.Server) {
		c := s.Connect()
		ask := func(text string) (pid, n int) {
			t.Helper()
			if _, err := c.TryAsk(text, "%d %d", &pid, &n); err != nil {
				t.Fatal(err)
			}
			return pid, n
		}
		ask("count")
		// The answer comes before its event ends: the kill below may end this event, which then counts nothing.
		worker, count := ask("look")
		if count != 1 {
			t.Fatalf("got %d", count)
		}
		if err := syscall.Kill(worker, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		harness.Eventually(t, "the worker ends", func() bool { return !harness.Running(worker) })
		if harness.Residents() {
			s.Log.Wait("resident worker has ended") // an event that is sent before wsbridge sees it fails
		}
		if another, count := ask("count"); another == worker || count != 2 {
			t.Errorf("worker %d after %d counted %d", another, worker, count)
		}
	})
}
