package faults

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The time that handlers may take: php.timeout, or none with a legacy settings file alone.

// busy needs all rows, so that its events run alone. It shows in a file that it runs.
const busy = `
function alone(&$connections) { foreach ($connections as $key => $c) { if (isset($c["nobody"])) { return $key; } } return 0; }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	alone($connections);
	$connection["last"]=$msg;
	send_text($client_key,"begun");
	if ($msg=="loop") { while (True) { file_put_contents(__DIR__."/busy",microtime(True)); } }
	if ($msg=="wait") { while (True) { file_put_contents(__DIR__."/busy",microtime(True)); usleep(10000); } }
	if ($msg=="look") { $then=file_get_contents(__DIR__."/busy"); usleep(300000); clearstatcache(); send_text($client_key,$then===file_get_contents(__DIR__."/busy")?"dead":"alive"); }
	if ($msg=="long") { sleep(23); send_text($client_key,"done"); }
	if ($msg=="row") { $last=isset($connections[1]["last"])?$connections[1]["last"]:"none"; send_text($client_key,$last); }
}
`

func TestTimeLimitEndsAHandlerAndWhatRunsIt(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: busy, TOML: "[php]\ntimeout = \"2s\"\nidle_timeout = \"500ms\"\nworkers = 2\n"})
	first, other := s.Connect(), s.Connect()
	for i, msg := range []string{"loop", "wait"} {
		first.Send(msg)
		first.Want("begun")
		other.Send("look")
		harness.WantAll([]*harness.Client{other}, "begun", "dead")
		harness.Eventually(t, "it fails", func() bool { return s.Log.Count("failed", `"event":"text"`) == i+1 })
		failed := s.Log.Last("failed", `"event":"text"`)
		line, known := failed["line"].(float64)
		switch text := failed["error"].(string); {
		case !known && !harness.Residents(): // on a busy machine PHP's limit, which counts the time on a processor, comes too late
			if !strings.Contains(text, "no end within 2s") && text != "timeout" { // the second such failure may only be counted
				t.Errorf("%s: %v", msg, failed)
			}
		case !strings.Contains(text, "php.timeout") || int(line) != 9+i:
			t.Errorf("%s: %v", msg, failed)
		}
		other.Send("row") // what the handler has changed is dropped
		harness.WantAll([]*harness.Client{other}, "begun")
		if got := other.Receive(); got == msg {
			t.Errorf("%s: its change is kept", msg)
		}
		if got := first.Ask("still"); got != "begun" {
			t.Errorf("got %q", got)
		}
	}
}

func TestHandlersOfALegacySettingsFileHaveNoTimeLimit(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: busy})
	c := s.Connect()
	c.Send("long")
	c.Want("begun")
	line := s.Log.Wait("takes long", `"event":"text"`, `"handler":"ws_server_text"`, `"client":1`, `"took":`, `"level":"WARN"`)
	if _, named := line["worker"]; named != harness.Residents() {
		t.Errorf("got %v", line)
	}
	if code, _ := s.Get("/readyz"); code != 200 {
		t.Errorf("readiness is %d", code)
	}
	c.Want("done")
	other := s.Connect()
	other.Send("row")
	harness.WantAll([]*harness.Client{other}, "begun", "long")
	if n := s.Log.Count("takes long"); n != 2 { // after 10 and 20 seconds
		t.Errorf("%d warnings", n)
	}
	if n := s.Log.Count("failed"); n != 0 {
		t.Errorf("%d failures", n)
	}
}

// The end comes although handlers have no time limit.
func TestDrainEndsHandlersWithoutATimeLimit(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: "server.drain_timeout = \"1s\"\n", Handlers: busy + `
function ws_server_shutdown(&$server,&$sockets,&$connections) { touch(__DIR__."/shutdown"); while (True) { usleep(10000); } }
function ws_server_finalize() { touch(__DIR__."/finalized"); }`})
	c, other := s.Connect(), s.Connect()
	c.Send("wait")
	c.Want("begun")
	other.Send("row") // waits for its end
	s.Stop()
	s.Read("shutdown")
	s.Read("finalized")
}

// php-fpm runs a request whose connection was closed while it lay in the backlog. By then the next event may have run.
func TestEventThatPHPGetsTooLateDoesNotRun(t *testing.T) {
	t.Parallel()
	fpm := harness.StartFPM(t, 1)
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	file_put_contents(__DIR__."/ran",$msg." ",FILE_APPEND);
	if ($msg=="slow") { send_text($client_key,"begun"); sleep(3); }
	send_text($client_key,$msg);
}
`, TOML: harness.Anybody + fpm.Config() + "php.resident = \"off\"\nphp.max_connections = 2\nphp.timeout = \"1s\"\nphp.idle_timeout = \"10s\"\n"})
	slow, late, last := s.Connect(), s.Connect(), s.Connect()
	s.AwaitCode(last, "[]")
	slow.Send("slow")
	slow.Want("begun")
	late.Send("late")
	harness.Eventually(t, "its time is over", func() bool {
		return strings.Contains(s.Metrics(), `wsbridge_event_failures_total{event="text",reason="timeout"} 1`)
	})
	harness.Eventually(t, "php-fpm has a free worker", func() bool { last.Send("last"); return strings.Contains(s.ReadIfThere("ran"), "last") })
	if ran := s.ReadIfThere("ran"); strings.Contains(ran, "late") {
		t.Errorf("ran: %s", ran)
	}
}
