package resident

import (
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// kill ends the worker that runs events, and waits for the next.
func kill(s *harness.Server) {
	s.T.Helper()
	before := worker(s)
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		s.T.Fatal(err)
	}
	another(s, before)
}

func TestWhatOnlyAProcessHoldsIsNamedWhenItEnds(t *testing.T) {
	t.Parallel()
	s, c := serveEval(t, "$handle=Null;\n", "")
	evaluate(c, `$connection["call"]="plain"; $connection["log"]="none"; $connection["n"]=1; return "set";`, "set")
	evaluate(c, `$connection["call"]=function() { return "called"; }; $connection["log"]=fopen("php://memory","r+"); $connection["n"]=2;
		$GLOBALS["handle"]=fopen("php://memory","r+"); return "held";`, "held")
	evaluate(c, `fwrite($connection["log"],"kept"); rewind($connection["log"]); return $connection["call"]().fread($connection["log"],9);`, "calledkept")
	kill(s)
	line := s.Log.Wait(hasEnded+", and what only it could keep is lost", "$handle", "[call]", "[log]")
	if line["level"] != "WARN" {
		t.Errorf("logged as %v", line)
	}
	evaluate(c, `return $connection["call"]." ".$connection["log"]." ".$connection["n"]." ".gettype($GLOBALS["handle"]);`, "plain none 2 NULL")
}

func TestHandleWhoseOtherSideHasLeftEndsOneEvent(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, c := serveEval(t, strings.ReplaceAll(`
$service=Null;
function ask($word)
{
	global $service;
	if ($service===Null) { $service=stream_socket_client("tcp://ADDRESS"); }
	fwrite($service,$word."\n");
	$answer=fgets($service);
	if ($answer===False) { throw new Exception("the service has gone away"); }
	return trim($answer);
}`, "ADDRESS", l.Addr().String()), "")
	for i := range 2 {
		c.Send(`return ask("one");`)
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got := line(t, conn); got != "one" {
			t.Errorf("got %q", got)
		}
		reply(t, conn, "two")
		c.Want("two")
		conn.Close() // while the worker is idle
		if i == 0 {
			before := worker(s)
			c.Send(`return ask("three");`)
			s.Log.Wait("handler failed", "gone away")
			another(s, before)
		}
	}
	if n := s.Log.Count("handler failed"); n != 1 {
		t.Errorf("%d events failed", n)
	}
}

func line(t *testing.T, conn net.Conn) string {
	t.Helper()
	buf := make([]byte, 100)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(buf[:n]))
}

func reply(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := conn.Write([]byte(text + "\n")); err != nil {
		t.Fatal(err)
	}
}
