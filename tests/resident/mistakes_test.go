package resident

import (
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestMistakeEndsTheWorkerAndLosesOneEvent(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: ofVersion("1")})
	before := worker(s)
	load := startTraffic(s, 4)
	for _, row := range []struct{ what, php, log string }{
		{"a fatal error", `no_such_function();`, "undefined function"},
		{"an exception", `throw new Exception("thrown");`, "thrown"},
		{"exit", `exit;`, "exit"},
		{"memory", "\n" + `for ($a=array();;) { $a[]=str_repeat("x",1000000); }`, "memory"},
	} {
		c := s.Connect()
		evaluate(c, `$connection["a"]=1; return "kept";`, "kept")
		c.Send(`$connection["a"]=2; send_text($client_key,"sent"); ` + row.php)
		c.Want("sent")
		s.Log.Wait("handler failed", row.log)
		before = another(s, before)
		evaluate(c, `return $connection["a"];`, "1") // what a failed event has changed is not seen
		load.flow(window)
	}
	load.end(0)
	if n := s.Log.Count(hasEnded); n != 4 {
		t.Errorf("%d workers have ended", n)
	}
	if n := s.Log.Count("no resident worker"); n != 0 {
		t.Error("events have run in requests of their own")
	}
}

func TestEventThatDoesNotEndIsEnded(t *testing.T) {
	t.Parallel()
	s, c := serveEval(t, "", "php.timeout = \"1s\"\n")
	other := s.Connect()
	before := processOf(c)
	c.Send(`send_text($client_key,"looping"); while (True) {}`)
	c.Want("looping")
	other.Send(`return "waited";`)
	other.Want("waited")
	s.Log.Wait("handler failed", "php.timeout", `"line":`)
	if another(s, before); harness.Running(before) {
		harness.Eventually(t, "the process ends", func() bool { return !harness.Running(before) })
	}
	evaluate(c, `return "still here";`, "still here")
	if n := s.Log.Count("handler failed"); n != 1 {
		t.Errorf("%d events failed", n)
	}
}

func TestWorkerIsKilled(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: ofVersion("1")})
	load := startTraffic(s, 8)
	const times = 5
	for range times {
		before := worker(s)
		if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		another(s, before)
		load.flow(window)
	}
	load.end(times)
}

func TestOwnPHPIsKilled(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: ofVersion("1")})
	load := startTraffic(s, 8)
	const times = 2
	for range times {
		before := worker(s)
		if err := syscall.Kill(s.FPMMaster(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		another(s, before)
		load.flow(window)
	}
	load.end(2 * times) // in a worker that ends, and perhaps in a request
}

// The spare may end at the same time as the worker that it is to replace.
func TestAllProcessesAreKilled(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: ofVersion("1")})
	worker(s)
	load := startTraffic(s, 8)
	const times = 10
	for range times {
		before := worker(s)
		for _, pid := range harness.Children(s.FPMMaster()) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // one may just have ended
		}
		another(s, before)
		load.flow(window)
	}
	load.end(2 * times) // in a worker, and perhaps in a request
}

// What is registered for the end of the process holds up all other events, so it has the time of an event.
func TestEndOfAProcessThatHangsIsEnded(t *testing.T) {
	t.Parallel()
	s, c := serveEval(t, "", "php.timeout = \"1s\"\n")
	before := processOf(c)
	c.Send(`register_shutdown_function(function () { sleep(1000); }); send_text($client_key,"sent"); exit;`)
	c.Want("sent")
	evaluate(s.Connect(), `return "served";`, "served")
	s.Log.Wait("shutdown functions or destructors take too long")
	another(s, before)
}
