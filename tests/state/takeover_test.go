package state

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// sendsAndWaits has a text handler that is slow, and a quick binary one. "send" sends to all and then runs until the binary handler has run
// twice, or for two seconds. What that sends meanwhile has to wait for it, and what it has changed counts only then.
const sendsAndWaits = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	usleep(10000);
	if ($msg==="send")
	{
		broadcast_to_all("begun");
		for ($i=0;$i<200 && strlen((string)@file_get_contents(__DIR__."/ran"))<2;$i++) { usleep(10000); clearstatcache(); }
		broadcast_to_all("ended");
		return;
	}
	send_text($client_key,$msg);
}
function ws_server_binary(&$connections,&$connection,$client_key,$data)
{
	$connection["n"]=(isset($connection["n"]) ? $connection["n"] : 0)+1;
	file_put_contents(__DIR__."/ran","x",FILE_APPEND);
	broadcast_to_all("counted ".$connection["n"]);
}
`

func TestWhatWaitsToBeSentIsKeptWhenAnotherWorkerTakesOver(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: sendsAndWaits, TOML: resident})
	slow, quick := s.Connect(), s.Connect()
	learnSlow(s, slow)
	slow.Send("send")
	slow.Want("begun")
	quick.Want("begun")
	quick.SendBinary("1")
	harness.Eventually(t, "the quick handler has run", func() bool { return s.ReadIfThere("ran") != "" })
	if n := strings.Count(s.ReadIfThere("ran"), "x"); n != 1 {
		t.Fatalf("it has run %d times", n)
	}
	if _, err := s.Control().Recycle(t.Context()); err != nil {
		t.Fatal(err)
	}
	quick.SendBinary("2")
	for _, want := range []string{"ended", "counted 1", "counted 2"} {
		quick.Want(want)
	}
}
