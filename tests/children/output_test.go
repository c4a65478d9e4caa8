package children

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The processes of one server, whose worker stays the same.
func TestProcesses(t *testing.T) {
	t.Parallel()
	s, first := serve(t, "")
	worker := workerOf(first)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *harness.Server, *harness.Client)
	}{
		{"lines", lines},
		{"arguments", arguments},
		{"long command", longCommand},
		{"impossible command", impossibleCommand},
		{"handle", handle},
		{"timeout", timeout},
		{"kill", kill},
		{"large", large},
		{"input", unreadInput},
		{"descriptors", noDescriptors},
		{"gone", goneClient},
		{"unknown", unknownProgram},
	} {
		t.Run(test.name, func(t *testing.T) {
			sub := s.In(t)
			test.run(t, sub, sub.Connect())
		})
	}
	if workerOf(first) != worker {
		t.Error("the worker was replaced")
	}
	if n := number(first, `return count($GLOBALS["handles"]);`); n != 0 {
		t.Errorf("%d handles are left", n)
	}
	wantNoneLeft(s)
	if n := s.Log.Count("event failed"); n != 0 {
		t.Errorf("%d events have failed", n)
	}
}

func lines(_ *testing.T, _ *harness.Server, c *harness.Client) {
	start(c, `echo one; read x; echo "got $x"; echo oops >&2; read x; printf 'name: '; read x; printf %s "$x"`)
	c.Want("out one\n")
	write(c, "two")
	answers := []string{c.Receive(), c.Receive()}
	if slices.Sort(answers); answers[0] != "err oops\n" || answers[1] != "out got two\n" {
		c.T.Fatalf("got %q", answers)
	}
	write(c, "")
	c.Want("out name: ") // a line is not waited for
	write(c, "x")
	c.Want("out x")
	c.Want("eof")
	c.Send(`return $connection["lines"];`)
	c.Want(`["one","got two","name:","x"]`)
}

// Arguments reach the program as they are, in any locale.
func arguments(_ *testing.T, _ *harness.Server, c *harness.Client) {
	c.Send(`start_process("printf",array("[%s]","a b","\$HOME","it's","*","\"","","grüße;\xff"),0,$connection,$client_key);`)
	got := c.Receive()
	if want := "out [a b][$HOME][it's][*][\"][][grüße;\uFFFD]"; got != want { // wsbridge has made it UTF-8
		c.T.Errorf("got %q, want %q", got, want)
	}
	c.Want("eof")
}

// A command may be as long as Linux lets a shell's be, 128 KiB after each argument is quoted once.
func longCommand(_ *testing.T, _ *harness.Server, c *harness.Client) {
	c.Send(`start_process("expr length",array(str_repeat("'",32500)),0,$connection,$client_key);`) // each takes four bytes
	c.Want("out 32500\n")
	c.Want("eof")
}

// A command that no program can be given is named.
func impossibleCommand(_ *testing.T, s *harness.Server, c *harness.Client) {
	c.Send(`return array(start_process("echo",array("a\0b"),0,$connection,$client_key),start_process("echo",array(str_repeat("x",131072)),0,$connection,$client_key));`)
	c.Want("[false,false]")
	s.Log.Wait("", "cannot start echo: an argument has a NUL byte, which no program can be given")
	s.Log.Wait("", "cannot start echo: its command line has 131079 bytes, and Linux takes 131071")
}

// A handle has the fields of the original's, and what a handler adds.
func handle(_ *testing.T, _ *harness.Server, c *harness.Client) {
	pid := start(c, "read x")
	c.Send(`$h=end($GLOBALS["handles"]); unset($h["loops"]); return implode(" ",array_keys($h));`)
	c.Want("process prog cmdline args pid pipe_stdin pipe_stdout pipe_stderr timeout start connection client_key")
	c.Send(`$h=end($GLOBALS["handles"]); return array($h["prog"],$h["cmdline"],$h["args"],$h["timeout"],is_float($h["start"]),$h["client_key"]==$client_key,
		is_resource($h["process"]),is_resource($h["pipe_stdout"]),proc_get_status($h["process"])["pid"]==$h["pid"],posix_kill($h["pid"],0));`)
	c.Want(`["sh","sh '-c' 'read x'",["-c","read x"],0,true,true,true,true,true,true]`)
	harness.Eventually(c.T, "ws_process_loop is called", func() bool {
		return number(c, `return max(0,@end($GLOBALS["handles"])["loops"]);`) > 1
	})
	c.Send(`fclose(end($GLOBALS["handles"])["pipe_stdin"]);`)
	c.Want("eof")
	wantEnded(c.T.(*testing.T), pid)
}

// A time limit ends a process with all that it has started, also what has no parent any more.
func timeout(t *testing.T, _ *harness.Server, c *harness.Client) {
	c.Send(`sh('sleep 1000 & echo $!; (sleep 1000 & echo $!); sh -c "echo \$\$; sleep 1000; true"',$connection,$client_key,1);`)
	var pids []int
	for range 3 {
		pids = append(pids, pidOf(t, c.Receive()))
	}
	c.Want("timeout")
	for _, pid := range pids {
		wantEnded(t, pid)
	}
	c.Send(`return count($GLOBALS["handles"]);`)
	c.Want("0")
}

// kill_process ends a process with all that it has started. It has no other time limit than its own.
func kill(t *testing.T, _ *harness.Server, c *harness.Client) {
	start(c, `trap "" TERM; sleep 1000 & echo $!; wait`)
	pid := pidOf(t, c.Receive())
	c.Send(`return kill_process(end($GLOBALS["handles"]));`)
	c.Want("true")
	c.Want("eof")
	wantEnded(t, pid)
}

// Ten megabytes come whole, and others are served meanwhile.
func large(_ *testing.T, s *harness.Server, c *harness.Client) {
	other := s.Connect()
	start(c, `yes quiet23456789012345678901234567890123456789012345678901234567890123 2>/dev/null | head -c 10485760`)
	other.Send(`return "served";`)
	other.Want("served")
	c.Want("eof 10485760")
}

// What a process does not read keeps nobody waiting. It gets all when it reads.
func unreadInput(t *testing.T, _ *harness.Server, c *harness.Client) {
	start(c, `trap 'wc -c; exit' USR1; echo $$; while :; do sleep 0.01; done`)
	pid := pidOf(t, c.Receive())
	c.Send(`$h=end($GLOBALS["handles"]); $n=fwrite($h["pipe_stdin"],str_repeat("x",1000000)); fclose($h["pipe_stdin"]); return $n;`)
	c.Want("1000000")
	if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	c.Want("out 1000000\n")
	c.Want("eof")
	start(c, `sleep 1000`)
	c.Send(`fwrite(end($GLOBALS["handles"])["pipe_stdin"],str_repeat("x",1000000)); kill_process(end($GLOBALS["handles"]));`)
	c.Want("eof")
}

// A process has nothing open but its input and output: php-fpm's sockets least of all.
func noDescriptors(t *testing.T, _ *harness.Server, c *harness.Client) {
	c.Send(`for ($i=0;$i<20;$i++) { $connection["files"][]=fopen(__FILE__,"r"); }`) // so that some have two digits
	pid := start(c, `echo begun; read x`)
	c.Want("out begun\n")
	if got := descriptors(t, pid); !slices.Equal(got, []string{"0", "1", "2"}) {
		t.Errorf("it has open: %v", got)
	}
	c.Send(`unset($connection["files"]);`)
	write(c, "")
	c.Want("eof")
}

// The handle of a client that has left keeps its row, as it was then.
func goneClient(_ *testing.T, s *harness.Server, c *harness.Client) {
	gone := s.Connect()
	gone.Send(`$connection["name"]="anna"; sh("read x; echo late",$connection,$client_key);`)
	gone.Send(`$GLOBALS["gone"]=$client_key; $connection["name"]="berta"; return "ok";`)
	gone.Want("ok")
	gone.Close(1000)
	harness.Eventually(c.T, "the client is gone", func() bool {
		return c.Ask(`return isset($connections[$GLOBALS["gone"]])?"there":"gone";`) == "gone"
	})
	write(c, "")
	harness.Eventually(c.T, "the process ends", func() bool { return number(c, `return count($GLOBALS["handles"]);`) == 0 })
	c.Send(`return array($GLOBALS["last"]["name"],$GLOBALS["last"]["lines"][0]);`)
	c.Want(`["berta","late"]`)
	if n := s.Log.Count("message was not sent"); n != 0 {
		c.T.Errorf("%d messages went to a client that is gone", n)
	}
}

// A program that is not there is one that ends at once, as in a shell.
func unknownProgram(_ *testing.T, _ *harness.Server, c *harness.Client) {
	c.Send(`start_process("no-such-program",array(),0,$connection,$client_key);`)
	if got := c.Receive(); !strings.HasPrefix(got, "err ") || !strings.Contains(got, "no-such-program") {
		c.T.Errorf("got %q", got)
	}
	c.Want("eof")
}

// Output is seen at once, also while many other events come.
func TestOutputUnderLoad(t *testing.T) {
	t.Parallel()
	s, c := serve(t, "")
	stop := make(chan struct{})
	var others []*harness.Client
	for range 4 {
		others = append(others, s.Connect())
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		harness.Together(others, func(_ int, o *harness.Client) {
			for {
				select {
				case <-stop:
					return
				default:
				}
				var n int
				if _, err := o.TryAsk(`usleep(200); return 7;`, "%d", &n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}()
	start(c, `while read x; do echo "$x"; done`)
	for range 20 {
		began := time.Now()
		write(c, "ping")
		c.Want("out ping\n")
		if took := time.Since(began); took > harness.Patience/2 {
			t.Errorf("a line took %v", took)
		}
	}
	close(stop)
	<-done
}
