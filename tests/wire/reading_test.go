package wire

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The server reads from a client while its handlers run.

func TestPingsAreAnsweredWhileOpenRuns(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_open(&$connections,&$connection,$client_key)
{
	while (!file_exists(__DIR__."/go")) { usleep(5000); clearstatcache(); }
	send_text($client_key,"opened");
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }
`})
	c := s.Connect()
	c.Ping()
	c.Send("waits for open")
	c.Ping()
	s.Write("go", "")
	c.Want("opened")
	c.Want("waits for open")
}

// The handler sends until send_text says that nobody is there. What the client sent before it left still runs.
func TestHangupIsNoticedWhileTheQueueIsFull(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{
		Handlers: `
function note($line) { file_put_contents(__DIR__."/turns",$line."\n",FILE_APPEND|LOCK_EX); }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="work")
	{
		send_text($client_key,"working");
		while (!file_exists(__DIR__."/go")) { usleep(5000); clearstatcache(); }
		for ($i=0;$i<1000 && send_text($client_key,"x");$i++) { usleep(10000); }
		note($i<1000?"nobody there":"still there");
	}
	note($msg);
}
function ws_server_before_close(&$connections,&$connection) { note("close ".$connection["state"]); }
`,
	})
	c := s.Connect()
	c.Send("work")
	c.Want("working")
	for range 64 { // the queue is full
		c.Send("first")
	}
	c.Ping()
	c.Send("second")
	c.HangUp()
	s.Write("go", "")
	harness.Eventually(t, "the close event has run", func() bool { return strings.Contains(s.ReadIfThere("turns"), "close") })
	got := strings.Split(strings.TrimSpace(s.Read("turns")), "\n")
	// The kernel drops what is unread when the client's answers what it was sent: the second may be lost.
	head := "nobody there, work, " + strings.Repeat("first, ", 64)
	if text := strings.Join(got, ", "); text != head+"close REMOTE TERMINATED" && text != head+"second, close REMOTE TERMINATED" {
		t.Errorf("got %q", got)
	}
}
