package state

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Objects and references that several global variables hold, or several places of one.

const sharing = `
class Log { public $n=0; public function add() { return ++$this->n; } }
class Hub { public $log; public function __construct(Log $log) { $this->log=$log; } public function add() { return $this->log->add(); } }
class Room { public $people=array(); }
$log=new Log();
$hub=new Hub($log);
$rooms=array();
$open=array();
$total=0;
$book=array("total" => &$total, "pages" => array());
$twins=array("one" => 1);
$twins["other"]=&$twins["one"];
$names=array();
$aliases=array();
function ws_server_started(&$server,&$sockets,&$connections) { global $rooms,$open; $rooms["blue"]=new Room(); $open["blue"]=$rooms["blue"]; }
function ws_server_open(&$connections,&$connection,$client_key) { $connection["pair"]=array(1); $connection["pair"][1]=&$connection["pair"][0]; }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $log,$hub,$rooms,$open,$total,$book,$twins;
	switch ($msg)
	{
		case "log": $answer=$log->add(); break;
		case "hub": $answer=$hub->add(); break;
		case "both": $answer=$log->n." ".$hub->log->n." ".($log===$hub->log ? "one" : "two"); break;
		case "enter": $rooms["blue"]->people[]=$client_key; $answer=count($open["blue"]->people); break;
		case "leave": $open["blue"]->people=array(); $answer=count($rooms["blue"]->people); break;
		case "rooms": $answer=count($rooms["blue"]->people)." ".($open["blue"]===$rooms["blue"] ? "one" : "two"); break;
		case "book": $book["total"]++; $answer=$total; break;
		case "total": $total++; $answer=$book["total"]; break;
		case "twins": $twins["one"]++; $answer=$twins["other"]; break;
		case "pair": $connection["pair"][0]++; $answer=$connection["pair"][1]; break;
		case "apart": $hub=new Hub(new Log()); $answer=$hub->add(); break;
	}
	send_text($client_key,$msg." ".$answer);
}
function ws_server_binary(&$connections,&$connection,$client_key,$data) { global $hub; send_text($client_key,"binary ".$hub->add()); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data) { global $log; broadcast_to_all("fifo ".$log->add()); }
`

func TestSharedObjectsAndReferencesStayShared(t *testing.T) {
	inBothModes(t, harness.App{Handlers: sharing}, func(t *testing.T, s *harness.Server) {
		a, b := s.Connect(), s.Connect()
		for _, want := range []string{
			"log 1", "hub 2", "log 3", "both 3 3 one", "enter 1", "rooms 1 one", "enter 2", "leave 0", "rooms 0 one", "enter 1",
			"book 1", "total 2", "book 3", "twins 2", "twins 3", "pair 2", "hub 4", "both 4 4 one", "apart 1", "both 4 1 two", "log 5", "hub 2",
		} {
			ask, _, _ := strings.Cut(want, " ")
			if ask == "pair" {
				b.Send(ask)
				b.Want(want)
				continue
			}
			if got := a.Ask(ask); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
		b.Send("pair")
		b.Want("pair 3")
	})
}

// Each of these handlers names one of two variables that share an object.
func TestHandlersThatNameOneOfTheVariablesChangeTheObjectOfBoth(t *testing.T) {
	inBothModes(t, harness.App{Handlers: sharing}, func(t *testing.T, s *harness.Server) {
		c := s.Connect()
		c.SendBinary("x")
		c.Want("binary 1")
		s.WritePipe("x")
		c.Want("fifo 2")
		c.SendBinary("x")
		c.Want("binary 3")
		if got := c.Ask("both"); got != "both 3 3 one" {
			t.Errorf("got %q", got)
		}
	})
}

const givesClosures = `
$hooks=array("start" => 0);
$count=0;
$filter=False;
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $hooks,$count,$filter;
	switch ($msg)
	{
		case "closure": $hooks["f"]=function () { return 1; }; break;
		case "filter": $filter=function () { return 1; }; break;
		case "drop": unset($hooks["f"]); $hooks["start"]++; break;
		case "plain": $filter="strlen"; break;
		case "count": $hooks["start"]++; $count++; break;
	}
	send_text($client_key,$hooks["start"]." ".$count." ".(is_string($filter) ? $filter : "none"));
}
`

// With one request per event the value from before stays, and the next one counts. A resident worker keeps closures.
func TestVariableThatIsGivenAClosureKeepsItsValue(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: givesClosures, TOML: harness.RequestPerEvent})
	c := s.Connect()
	for _, step := range [][2]string{
		{"count", "1 1 none"}, {"closure", "1 1 none"}, {"count", "2 2 none"}, {"closure", "2 2 none"}, {"x", "2 2 none"}, {"count", "3 3 none"},
		{"filter", "3 3 none"}, {"filter", "3 3 none"}, {"plain", "3 3 strlen"}, {"x", "3 3 strlen"}, {"filter", "3 3 none"}, {"x", "3 3 strlen"},
	} {
		if got := c.Ask(step[0]); got != step[1] {
			t.Fatalf("%s: got %q, want %q", step[0], got, step[1])
		}
	}
	s.Log.Wait("keeps its previous value", "hooks")
}

func TestVariableThatOnlyHoldsConnectionsLetsHandlersRunBesideOthers(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: harness.RequestPerEvent, Handlers: `
$lines=False;
function a_line() { foreach (array("tmpfile") as $make) { return $make(); } }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $lines;
	if (!$lines) { $lines=a_line(); }
	send_text($client_key,is_resource($lines) ? "open" : "closed");
}`})
	c := s.Connect()
	for range 10 {
		if got := c.Ask("x"); got != "open" {
			t.Fatalf("got %q", got)
		}
	}
	s.Log.Wait("starts anew in each event", "lines")
}

// goneClass keeps an object of a class in a row and in a variable. Later code has no such class.
func goneClass(class string) string {
	return `
` + class + `
$kept=Null;
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $kept;
	if ($msg==="keep") { $kept=array(new Badge("a")); $connection["badge"]=new Badge("b"); }
	if ($msg==="touch") { $kept[]="more"; $connection["badges"]=array($connection["badge"]); }
	send_text($client_key,(isset($kept[0]) ? get_class($kept[0]).count($kept) : "none")." ".(isset($connection["badge"]) ? get_class($connection["badge"]) : "none")
		." ".(class_exists("Badge") ? $kept[0]->name.$connection["badges"][0]->name : "gone"));
}
function ws_server_authenticate() { return True; }
`
}

func TestObjectsOfAClassThatIsGoneAreKept(t *testing.T) {
	const class = `class Badge { public $name; public function __construct($name) { $this->name=$name; } }`
	inBothModes(t, harness.App{Handlers: goneClass(class), TOML: "[php.ini]\n\"opcache.revalidate_freq\" = 0\n"}, func(t *testing.T, s *harness.Server) {
		c := s.Connect()
		c.Send("keep")
		c.Receive()
		write := func(class string, done func(text string) bool) {
			s.Write("push_server_events.php", "<?php\n"+goneClass(class))
			harness.Eventually(t, "new code", func() bool { return done(c.Ask("x")) })
		}
		write("/* no class */", func(text string) bool { return strings.HasSuffix(text, "gone") })
		for _, ask := range []string{"touch", "x"} {
			if got := c.Ask(ask); got != "__PHP_Incomplete_Class2 __PHP_Incomplete_Class gone" {
				t.Errorf("%s: got %q", ask, got)
			}
		}
		write(class+" // again", func(text string) bool { return strings.HasPrefix(text, "Badge2 Badge") })
		if got := c.Ask("x"); got != "Badge2 Badge ab" {
			t.Errorf("got %q", got)
		}
		if n := s.Log.Count("unserialize"); n > 0 {
			t.Errorf("%d lines about unserialize()", n)
		}
	})
}
