package state

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// togetherApp has one worker, so that events which wait share its next request.
const togetherApp = `
session_save_path(__DIR__);
$limit=7;
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $limit;
	list($what)=explode(" ",$msg);
	$connection["order"]=(isset($connection["order"]) ? $connection["order"] : "").$msg.";";
	switch ($what) {
		case "clear":
			$connection["order"]="";
			break;
		case "session":
			session_start();
			if (!isset($_SESSION["who"])) $_SESSION["who"]=$_COOKIE["name"];
			send_text($client_key,$_SESSION["who"]." ".$_COOKIE["name"]." ".$_GET["q"]." ".$_SERVER["HTTP_X_WHO"]." ".$_REQUEST["q"]);
			$_COOKIE["name"]=$_GET["q"]=$_SERVER["HTTP_X_WHO"]=$_SESSION["other"]="another client's";
			return;
		case "look":
			send_text($client_key,(isset($_SESSION) ? "true" : "false")." ".$limit." ".(int)ini_get("max_execution_time"));
			return;
		case "print":
			echo "printed by ".$msg;
			ob_start();
			echo "kept by ".$msg;
			send_text($client_key,"done");
			return;
		case "limit":
			set_time_limit(5);
			send_text($client_key,"done");
			return;
		case "log":
			error_log("logged by ".$msg,4);
			trigger_error("warned by ".$msg,E_USER_WARNING);
			send_text($client_key,"done");
			return;
		case "exit":
			send_text($client_key,"before");
			exit;
		case "kill":
			send_text($client_key,"before");
			posix_kill((int)basename(readlink("/proc/self")),9);
		case "slow":
			usleep(20000);
			break;
		case "order":
			send_text($client_key,$connection["order"]);
			return;
	}
	send_text($client_key,$msg);
}
`

// together is a server whose events of several clients run in one request.
type together struct {
	*harness.Server
	clients []*harness.Client
}

func serveTogether(t *testing.T, clients, workers int) *together {
	s := &together{Server: harness.Serve(t, harness.App{Handlers: togetherApp, TOML: fmt.Sprintf("[php]\nresident = \"off\"\nworkers = %d\ntimeout = \"20s\"\n", workers) +
		"[php.ini]\n\"opcache.revalidate_freq\" = 0\n"})}
	for i := range clients {
		who := fmt.Sprintf("c%d", i)
		h := harness.Headers("name=" + who + "; PHPSESSID=session" + who)
		h.Set("X-Who", who)
		c, _, err := s.Dial("/?q="+who, h)
		if err != nil {
			t.Fatal(err)
		}
		s.clients = append(s.clients, c)
	}
	s.AwaitCode(s.clients[0], "[]")
	return s
}

// share has each client send a text until all of these events have shared a request, which they do only while events of their kind are quick. The
// answers have to be these whether they share it or not.
func (s *together) share(texts, answers []string) {
	s.T.Helper()
	harness.Eventually(s.T, "events share a request", func() bool {
		for range 40 {
			s.clients[0].Ask("warm")
		}
		before := s.shared()
		s.say(texts...)
		s.want(answers...)
		s.clients[0].Ask("warm") // the others have been counted
		return s.shared()-before == len(texts)
	})
}

// say has each client send a text, and lets them run when all of them wait.
func (s *together) say(texts ...string) {
	s.T.Helper()
	if err := s.Control().Pause(s.T.Context()); err != nil {
		s.T.Fatal(err)
	}
	for i, text := range texts {
		s.clients[i].Send(text)
	}
	harness.Eventually(s.T, "all wait", func() bool { return s.metric("wsbridge_event_queue_length") == len(texts) })
	if err := s.Control().Resume(s.T.Context()); err != nil {
		s.T.Fatal(err)
	}
}

func (s *together) shared() int { return s.metric("wsbridge_events_together_total") }

func (s *together) metric(name string) int { return int(harness.Metric(s.T, s.Metrics(), name)) }

// want asserts what each client gets next, in order.
func (s *together) want(answers ...string) {
	s.T.Helper()
	for i, answer := range answers {
		if answer != "" {
			s.clients[i].Want(answer)
		}
	}
}

func TestEventsThatShareARequestDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	s := serveTogether(t, 4, 1)
	for _, c := range []struct{ name, texts, answers string }{
		{"sessions and superglobals", "session,session,look,session",
			`c0 c0 c0 c0 c0,c1 c1 c1 c1 c1,false 7 19,c3 c3 c3 c3 c3`},
		{"and again", "look,session,session,look",
			`false 7 19,c1 c1 c1 c1 c1,c2 c2 c2 c2 c2,false 7 19`},
		{"time limits", "limit,look,limit,look", `done,false 7 19,done,false 7 19`},
		{"output", "print 0,print 1,print 2,print 3", "done,done,done,done"},
		{"log", "log 0,log 1,log 2,log 3", "done,done,done,done"},
	} {
		t.Log(c.name)
		s.share(strings.Split(c.texts, ","), strings.Split(c.answers, ","))
	}
	for i := range s.clients {
		for _, text := range []string{"printed by print %d", "kept by print %d", "logged by log %d", "warned by log %d"} {
			text = fmt.Sprintf(text, i)
			if !s.isLogged(text, i+1) {
				t.Errorf("%q is not logged for client %d", text, i+1)
			}
		}
	}
}

// isLogged reports whether a line with that text names the client.
func (s *together) isLogged(text string, client int) bool {
	for line := range strings.Lines(s.Log.Text()) {
		if strings.Contains(line, text) && strings.Contains(line, fmt.Sprintf(`"client":%d,`, client)) {
			return true
		}
	}
	return false
}

// Each of these ends PHP in the middle of a request. The events after it run in others, once each.
func TestAFailureInASharedRequestIsOfOneEvent(t *testing.T) {
	t.Parallel()
	s := serveTogether(t, 4, 1)
	for _, c := range []struct{ text, answer, reason string }{{"exit", "before", "exit"}, {"kill", "before", "cut_off"}} {
		failures := fmt.Sprintf("wsbridge_event_failures_total{event=%q,reason=%q}", "text", c.reason)
		mark := "mark " + c.text
		harness.Eventually(t, c.text+" in a shared request", func() bool {
			s.share([]string{"clear", "clear", "clear", "clear"}, []string{"clear", "clear", "clear", "clear"})
			failed, shared := s.metric(failures), s.shared()
			s.say(mark, c.text, mark, mark)
			harness.Eventually(t, "all have ended", func() bool { return s.metric("wsbridge_event_queue_length") == 0 })
			if n := s.metric(failures) - failed; n != 1 {
				all, err := s.Control().Errors(t.Context())
				t.Fatalf("%s: %d events failed: %+v %v", c.text, n, all, err)
			}
			s.want(mark, c.answer, mark, mark)
			for i, client := range s.clients {
				client.Send("order")
				if order := client.Receive(); i != 1 && strings.Count(order, mark+";") != 1 {
					t.Errorf("%s: client %d: got %q", c.text, i, order)
				}
			}
			return s.shared() > shared
		})
	}
}

// An event of a kind that takes long shares no request, so that nobody waits for it.
func TestALongEventDoesNotShareARequest(t *testing.T) {
	t.Parallel()
	s := serveTogether(t, 4, 1)
	s.share([]string{"warm", "warm", "warm", "warm"}, []string{"warm", "warm", "warm", "warm"})
	s.clients[0].Ask("slow") // by itself, which is not timed
	s.say("slow", "slow", "slow", "slow")
	s.want("slow", "slow", "slow", "slow")
	s.clients[0].Ask("slow") // the others have been counted
	before := s.shared()
	s.say("slow", "warm", "warm", "warm")
	s.want("slow", "warm", "warm", "warm")
	s.clients[0].Ask("slow")
	if n := s.shared() - before; n != 0 {
		t.Errorf("%d events shared a request", n)
	}
}
