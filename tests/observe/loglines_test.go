package observe

import (
	"fmt"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Each line about an event names its client and number, whatever part of the program writes it.
func TestLinesOfAnEventTellWhichOne(t *testing.T) {
	t.Parallel()
	said := []string{"shown", "echoed", "warned", "do_reply was given no websocket frames", "text is not utf-8", "a handler removed the client's row"}
	for mode, said := range map[string][]string{
		harness.Resident: said, harness.RequestPerEvent: append(said, "it was given what cannot outlive an event"),
	} {
		t.Run(mode, func(t *testing.T) { saysWhichEvent(t, mode, said) })
	}
}

func saysWhichEvent(t *testing.T, toml string, said []string) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: toml, Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $held;
	show_message("shown");
	echo "echoed";
	trigger_error("warned",E_USER_WARNING);
	file_put_contents("php://stderr","stderr\n");
	do_reply($client_key,"\x81");
	send_text($client_key,"\xff");
	$open="fopen";
	$held=$open("php://memory","r");
	unset($connections[$client_key]);
}`})
	c := s.Connect()
	c.Send("x")
	if code, _ := c.Next(); code != 1 {
		t.Fatalf("got message type %d", code)
	}
	c.Closed()
	for _, msg := range said {
		line := s.Log.Wait(msg)
		if got := fmt.Sprint(line["client"], " ", line["event"], " ", line["seq"] != nil, " ", line["peer"] != nil); got != "1 text true true" {
			t.Errorf("%s: got %s in %v", msg, got, line)
		}
	}
}

// logsItself writes to the error stream.
const logsItself = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	ini_set("log_errors","1");
	ini_set("error_log","");
	error_log("to the error stream");
	send_text($client_key,"done");
}`

func TestLinesOfTheErrorStreamTellWhichEvent(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: harness.RequestPerEvent, Handlers: logsItself})
	c := s.Connect()
	c.Send("x")
	c.Want("done")
	line := s.Log.Wait("php-fpm wrote to its error stream", "to the error stream")
	if got := fmt.Sprint(line["client"], " ", line["event"], " ", line["seq"] != nil); got != "1 text true" {
		t.Errorf("got %s in %v", got, line)
	}
}

// The error stream of a worker that stays names no event. It comes while the worker goes on.
func TestLinesOfTheErrorStreamOfAWorkerComeAtOnce(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: harness.Resident, Handlers: logsItself})
	c := s.Connect()
	c.Send("x")
	c.Want("done")
	s.Log.Wait("php-fpm wrote to its error stream", "to the error stream")
	if got := c.Ask("x"); got != "done" || s.Log.Count("resident worker has ended") > 0 {
		t.Errorf("got %q, and the log has\n%s", got, s.Log.Text())
	}
}
