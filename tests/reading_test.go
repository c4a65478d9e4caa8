package tests

import (
	"strings"
	"testing"
)

// A client is read while its handlers run.

func TestPingsAreAnsweredWhileOpenRuns(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: `
function ws_server_open(&$connections,&$connection,$client_key)
{
	while (!file_exists(__DIR__."/go")) { usleep(5000); clearstatcache(); }
	send_text($client_key,"opened");
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }
`})
	c := s.connect()
	c.ping()
	c.send("waits for open")
	c.ping()
	s.write("go", "")
	c.want("opened")
	c.want("waits for open")
}

// The handler sends until it is told that nobody is there; what the client has sent before it left still runs.
func TestHangupIsNoticedWhileTheQueueIsFull(t *testing.T) {
	t.Parallel()
	s := serve(t, app{
		handlers: `
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
	c := s.connect()
	c.send("work")
	c.want("working")
	for range 64 { // the queue is full
		c.send("first")
	}
	c.ping()
	c.send("second")
	c.hangUp()
	s.write("go", "")
	eventually(t, "the close event has run", func() bool { return strings.Contains(s.readIfThere("turns"), "close") })
	got := strings.Split(strings.TrimSpace(s.read("turns")), "\n")
	// The kernel drops what is unread when the client's answers what it was sent: the second may be lost.
	head := "nobody there, work, " + strings.Repeat("first, ", 64)
	if text := strings.Join(got, ", "); text != head+"close REMOTE TERMINATED" && text != head+"second, close REMOTE TERMINATED" {
		t.Errorf("got %q", got)
	}
}
