package children

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func pidOf(t *testing.T, line string) int {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "out ")))
	if err != nil {
		t.Fatalf("got %q, want a process id", line)
	}
	return pid
}

// counting answers each line with how many there were.
const counting = `n=0; while read x; do n=$((n+1)); echo "$x $n"; done; echo end`

// A process outlives the worker that has started it, whatever ends that, and so do its input, its output and its handle.
func TestProcessOutlivesWorker(t *testing.T) {
	t.Parallel()
	s, c := serve(t, "php.timeout = \"6s\"\n")
	pid := start(c, counting)
	c.Send(`$GLOBALS["handles"][0]["mine"]=array(1.0,"x"); $connection["name"]="anna"; return VERSION;`)
	c.Want("1")
	for i, end := range []struct {
		what string
		end  func(worker int)
	}{
		{"new code", func(int) {
			s.Write("push_server_events.php", strings.ReplaceAll(s.Read("push_server_events.php"), `"VERSION","1"`, `"VERSION","2"`))
		}},
		{"a signal", func(worker int) {
			const takesOver = "resident worker runs events"
			before := s.Log.Count(takesOver)
			_ = syscall.Kill(worker, syscall.SIGKILL)
			harness.Eventually(t, "another takes over", func() bool { return s.Log.Count(takesOver) > before })
		}},
		{"an exception", func(int) { c.Send(`throw new Exception("over");`) }},
		{"a fatal error", func(int) { c.Send(`undefined_function();`) }},
		{"the time limit", func(int) { c.Send(`while (True);`) }},
	} {
		worker := workerOf(c)
		line := fmt.Sprintf("line %d", i)
		if i%2 == 0 { // its answer may reach the worker, or the next one
			write(c, line)
			end.end(worker)
		} else {
			end.end(worker)
			write(c, line)
		}
		c.Want(fmt.Sprintf("out %s %d\n", line, i+1))
		harness.Eventually(t, "another worker runs after "+end.what, func() bool { return workerOf(c) != worker })
		if !harness.Running(pid) {
			t.Fatalf("the process has ended with %s", end.what)
		}
	}
	c.Send(`return VERSION;`)
	c.Want("2")
	c.Send(`$h=end($GLOBALS["handles"]); return array(count($GLOBALS["handles"]),$h["prog"],is_float($h["mine"][0]),is_resource($h["pipe_stdout"]),
		proc_get_status($h["process"])["running"],$h["pid"]==` + strconv.Itoa(pid) + `);`)
	c.Want(`[1,"sh",true,true,true,true]`)
	c.Send(`fclose(end($GLOBALS["handles"])["pipe_stdin"]);`)
	c.Want("out end\n")
	c.Want("eof")
	c.Send(`return array($connection["name"],end($connection["lines"]),count($GLOBALS["handles"]));`)
	c.Want(`["anna","end",0]`)
	s.Log.Wait("child processes go on until", "sh")
	wantNoneLeft(s)
}

// Output that nobody has read when its worker and the process itself have ended comes all the same.
func TestLastWords(t *testing.T) {
	t.Parallel()
	s, c := serve(t, "")
	pid := start(c, `read x; echo last; echo words; printf unfinished`)
	worker := workerOf(c)
	if err := syscall.Kill(worker, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	input := fmt.Sprintf("/proc/%d/fd/0", pid)
	if err := os.WriteFile(input, []byte("\n"), 0); err != nil {
		t.Fatal(err)
	}
	wantEnded(t, pid)
	if err := syscall.Kill(worker, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"out last\n", "out words\n", "out unfinished", "eof"} {
		c.Want(want)
	}
	wantNoneLeft(s)
}

// No process is left when wsbridge has ended, whether it was asked to or killed.
func TestNoneIsLeftAtTheEnd(t *testing.T) {
	t.Parallel()
	for _, end := range []struct {
		name string
		end  func(s *harness.Server, c *harness.Client)
	}{
		{"stopped", func(s *harness.Server, c *harness.Client) { s.Stop(c) }},
		{"killed", func(s *harness.Server, _ *harness.Client) {
			s.Signal(syscall.SIGTERM) // so that the test does not ask it again
			_ = syscall.Kill(s.PID(), syscall.SIGKILL)
			s.Wait()
		}},
	} {
		t.Run(end.name, func(t *testing.T) {
			t.Parallel()
			s, c := serve(t, "")
			start(c, `trap "" TERM HUP; sleep 1000 & (sleep 1000 & sleep 1000 & echo $!); wait`)
			pid := pidOf(t, c.Receive())
			if len(left(s)) < 4 {
				t.Fatalf("the test sees only %v", left(s))
			}
			end.end(s, c)
			wantNoneLeft(s)
			wantEnded(t, pid)
		})
	}
}

// A php-fpm at a port can start anew while a process runs that a worker of the one before has started.
func TestPortIsFreeForNextFPM(t *testing.T) {
	t.Parallel()
	fpm := harness.StartFPMForResidentsOnTCP(t, 3, 5)
	s, c := serve(t, fpm.Config())
	pid := start(c, counting)
	write(c, "before")
	c.Want("out before 1\n")
	fpm.Stop()
	if l, err := net.Listen("tcp", strings.TrimPrefix(fpm.Residents, "tcp:")); err != nil {
		t.Error(err)
	} else {
		l.Close()
	}
	runs := s.Log.Count("resident worker runs events")
	fpm.Start()
	harness.Eventually(t, "a worker takes over", func() bool { return s.Log.Count("resident worker runs events") > runs })
	write(c, "after")
	c.Want("out after 2\n")
	if !harness.Running(pid) {
		t.Error("the process has ended with php-fpm")
	}
	c.Send(`kill_process(end($GLOBALS["handles"]));`)
	c.Want("eof")
	wantNoneLeft(s)
}

// Where no worker stays, the functions do nothing and say why, and so does wsbridge check.
func TestWithoutResidentWorkers(t *testing.T) {
	t.Parallel()
	s, c := serve(t, "php.resident = \"off\"\n")
	c.Send(`return useAll($connection,$client_key);`)
	c.Want("[false,false,false]")
	for _, function := range []string{"start_process()", "start_process_fifo()", "kill_process()"} {
		s.Log.Wait(function+" does nothing", "resident workers")
	}
	cmd := exec.Command(harness.Program(), "check", "--config", s.Path("wsbridge.toml"))
	report, err := cmd.Output()
	if err == nil {
		t.Error("check finds no error")
	}
	for _, function := range []string{"start_process()", "start_process_fifo()", "kill_process()"} {
		if !strings.Contains(string(report), function+" does nothing: child processes need resident workers") {
			t.Errorf("check says nothing of %s: %s", function, report)
		}
	}
}
