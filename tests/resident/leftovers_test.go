package resident

import (
	"fmt"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// wantSameWorker fails the test unless no worker has ended.
func wantSameWorker(s *harness.Server) {
	s.T.Helper()
	if n := s.Log.Count(hasEnded) + s.Log.Count("failed"); n != 0 {
		s.T.Errorf("%d lines tell of ends and failures", n)
	}
}

func TestOutputBuffersThatStayOpen(t *testing.T) {
	t.Parallel()
	s, c := serveEval(t, "", "")
	for i := range 50 {
		evaluate(c, `ob_start(); echo "printed"; return "sent";`, "sent")
		evaluate(c, `ob_start(function($text) { return $text; }); echo "printed"; return "also sent";`, "also sent")
		evaluate(c, `return (string) ob_get_level();`, fmt.Sprint(2*i+3)) // as in a process that stays
	}
	evaluate(c, `while (ob_get_level()>0) { ob_end_clean(); } echo "last words\n"; return "none left";`, "none left")
	evaluate(c, `echo "heard again"; return "sent";`, "sent")
	s.Log.Wait("heard again")
	wantSameWorker(s)
}

func TestErrorHandlersPileUp(t *testing.T) {
	t.Parallel()
	s, c := serveEval(t, "", "")
	evaluate(c, `for ($i=0; $i<100; $i++) { set_error_handler(function($level,$message) use ($client_key,$i) { send_text($client_key,$i." ".$message); return True; }); } return "piled";`, "piled")
	c.Send(`trigger_error("mine"); return "done";`)
	c.Want("99 mine")
	c.Want("done")
	evaluate(c, `for ($i=0; $i<100; $i++) { restore_error_handler(); } trigger_error("logged"); return "gone";`, "gone")
	s.Log.Wait("logged")
	wantSameWorker(s)
}

func TestHandlerThatPrints(t *testing.T) {
	t.Parallel()
	s, c := serveEval(t, "", "")
	evaluate(c, `echo "+ {\"seq\":1,\"send\":{\"to\":\"open\",\"length\":3}}\nabc\n"; return "printed";`, "printed")
	s.Log.Wait("abc")
	evaluate(c, `fwrite(STDOUT,"to stdout\n"); file_put_contents("php://output","to output"); return "printed";`, "printed")
	s.Log.Wait("to output")
	evaluate(c, `for ($i=0; $i<300; $i++) { echo str_repeat("x",10000); } return "much";`, "much")
	wantSameWorker(s)
}

// burn takes time of the processor, which is what PHP limits.
const burn = `
function used() { $used=getrusage(); return $used["ru_utime.tv_sec"]+$used["ru_stime.tv_sec"]+($used["ru_utime.tv_usec"]+$used["ru_stime.tv_usec"])/1e6; }
function burn($seconds) { $until=used()+$seconds; while (used()<$until) {} }
`

func TestTimeLimitThatAHandlerLeaves(t *testing.T) {
	t.Parallel()
	s, c := serveEval(t, burn, "")
	evaluate(c, `set_time_limit(1); return "limited";`, "limited")
	for range 2 {
		evaluate(c, `burn(0.7); return "burnt";`, "burnt")
	}
	wantSameWorker(s)
	c.Send(`set_time_limit(1); while (True) {}`)
	s.Log.Wait("handler failed", "Maximum execution time")
	evaluate(c, `return "still here";`, "still here")
}

func TestEachClientHasItsSession(t *testing.T) {
	t.Parallel()
	const keepsNewIDs = "[php.ini]\n\"session.use_strict_mode\" = \"0\"\n" // from PHP 8.6 on, only a session that is there keeps its id
	for _, row := range []struct{ name, start, toml string }{
		{"started by handlers", "session_start(); ", keepsNewIDs},
		{"auto_start", "", keepsNewIDs + "\"session.auto_start\" = \"1\"\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s, _ := serveEval(t, "", row.toml)
			a, b := s.ConnectAs("PHPSESSID="+newSession(t)), s.ConnectAs("PHPSESSID="+newSession(t))
			for i := range 5 {
				for _, c := range []*harness.Client{a, b} {
					evaluate(c, row.start+`$_SESSION["n"]=isset($_SESSION["n"])?$_SESSION["n"]+1:0; return (string) $_SESSION["n"];`, fmt.Sprint(i))
				}
				evaluate(a, row.start+`$_SESSION["n"]+=10; return session_id()===$_COOKIE["PHPSESSID"]?"own":"other";`, "own")
				evaluate(a, row.start+`$_SESSION["n"]-=10; return "back";`, "back")
			}
			kill(s) // the files stay
			evaluate(b, row.start+`return (string) $_SESSION["n"];`, "4")
			evaluate(s.ConnectAs("a=b"), row.start+`return json_encode($_SESSION);`, "[]")
			evaluate(b, `session_abort(); return session_save_path(__DIR__)===False || session_name("chat")===False ? "refused" : "set";`, "set")
		})
	}
}

func TestWorkerThatGrowsIsReplaced(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: ofVersion("1") + `
function leak($bytes) { static $all=array(); $all[]=str_repeat("x",$bytes); return "leaked"; }`, TOML: "[php]\nmemory_limit = \"64M\"\n"})
	load, c := startTraffic(s, 4), s.Connect()
	before := worker(s)
	for range 2 {
		for range 28 { // more than three quarters of the limit
			evaluate(c, `return leak(2000000);`, "leaked")
		}
		before = another(s, before)
		load.flow(window)
	}
	load.end(0)
	if all, much := s.Log.Count(hasEnded), s.Log.Count(hasEnded, "much memory"); all != much || much != 2 {
		t.Errorf("%d workers have ended, %d as they had grown", all, much)
	}
	if n := s.Log.Count("failed"); n != 0 {
		t.Errorf("%d events have failed", n)
	}
}
