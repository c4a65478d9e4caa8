package tests

import (
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const pid = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="pid") { send_text($client_key,(string)getmypid()); return; }
	if ($msg=="die in mid-event") { send_text($client_key,"dying"); posix_kill(getmypid(),9); sleep(5); }
	if ($msg=="loop for ever") { send_text($client_key,"looping"); while (True) {} }
	if ($msg=="exit") { $connection["kept"]=1; send_text($client_key,"exiting"); exit; }
	if ($msg=="throw") { send_text($client_key,"throwing"); throw new Exception("thrown"); }
	if ($msg=="fatal") { send_text($client_key,"failing"); no_such_function(); }
	if ($msg=="memory") { send_text($client_key,"eating"); $a=array(); while (True) { $a[]=str_repeat("x",1000000); } }
	if ($msg=="warn") { $x=$undefined_variable; $y=@file_get_contents("/nowhere"); trigger_error("mine",E_USER_NOTICE); }
	if ($msg=="deep") { function_that_calls_itself(); }
	send_text($client_key,"still here");
}
`

func TestHandlerMistakesEndOnlyTheirEvent(t *testing.T) {
	s := serve(t, app{handlers: pid})
	other := s.connect()
	for text, row := range map[string]struct{ first, log string }{
		"exit":   {"exiting", "exit"},
		"throw":  {"throwing", "thrown"},
		"fatal":  {"failing", "no_such_function"},
		"memory": {"eating", "memory"},
	} {
		t.Run(text, func(t *testing.T) {
			c := s.connect()
			c.send(text)
			c.want(row.first) // effects made before the mistake are kept
			if got := c.ask("again"); got != "still here" {
				t.Errorf("got %q", got)
			}
			line := s.log.wait("handler failed", row.log)
			if line["client"] == nil || line["seq"] == nil || line["event"] != "text" {
				t.Errorf("log line %v", line)
			}
		})
	}
	c := s.connect()
	if got := c.ask("warn"); got != "still here" {
		t.Errorf("got %q", got)
	}
	s.log.wait("undefined_variable", "push_server_events.php", `"line"`)
	s.log.wait("mine")
	if n := s.log.count("nowhere"); n != 0 {
		t.Error("a suppressed warning was logged")
	}
	if got := other.ask("x"); got != "still here" {
		t.Errorf("got %q", got)
	}
}

func TestWorkerKilledInMidEvent(t *testing.T) {
	for policy, closes := range map[string]bool{"continue": false, "close": true} {
		t.Run(policy, func(t *testing.T) {
			s := serve(t, app{handlers: pid, toml: "[php]\non_error = \"" + policy + "\"\n"})
			c, other := s.connect(), s.connect()
			c.send("die in mid-event")
			c.want("dying")
			s.log.wait("event failed", "cut off")
			if closes {
				if code, _ := c.closed(); code != 1011 {
					t.Errorf("closed with %d", code)
				}
			} else if got := c.ask("x"); got != "still here" {
				t.Errorf("got %q", got)
			}
			if got := other.ask("x"); got != "still here" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestHandlerThatLoopsForEver(t *testing.T) {
	s := serve(t, app{handlers: pid, toml: "[php]\ntimeout = \"1s\"\nidle_timeout = \"500ms\"\nworkers = 1\n"})
	c := s.connect()
	for i := range 2 { // the only worker must be got back
		c.send("loop for ever")
		c.want("looping")
		eventually(t, "the worker is ended", func() bool { return s.log.count("exited on signal") == i+1 })
		if got := c.ask("x"); got != "still here" {
			t.Errorf("got %q", got)
		}
	}
	s.log.wait("event failed", "in time")
}

// fpmMaster returns the pid of the php-fpm that wsbridge has started.
func (s *server) fpmMaster() int {
	s.t.Helper()
	out, err := exec.Command("pgrep", "-P", strconv.Itoa(s.cmd.Process.Pid), "php-fpm").Output()
	if err != nil {
		s.t.Fatalf("find php-fpm: %v", err)
	}
	n, err := strconv.Atoi(strings.Fields(string(out))[0])
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func childrenOf(t *testing.T, pid int) (pids []int) {
	t.Helper()
	out, err := exec.Command("pgrep", "-P", strconv.Itoa(pid)).Output()
	if err != nil {
		t.Fatalf("find children of %d: %v", pid, err)
	}
	for _, field := range strings.Fields(string(out)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, child)
	}
	return pids
}

func running(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestPHPKilledAndRestartedInMidTraffic(t *testing.T) {
	s := serve(t, app{handlers: pid})
	c := s.connect()
	master := s.fpmMaster()
	for i := range 100 {
		if i == 50 {
			workers := childrenOf(t, master)
			if err := syscall.Kill(master, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			// A worker that dies a little later could take the next event with it, which is never sent twice.
			eventually(t, "php-fpm ends", func() bool { return !slices.ContainsFunc(append(workers, master), running) })
		}
		if got := c.ask("x"); got != "still here" {
			t.Fatalf("message %d: got %q", i, got)
		}
	}
	if s.fpmMaster() == master {
		t.Error("php-fpm was not started anew")
	}
	if _, text := s.get("/metrics"); metric(t, text, "wsbridge_fpm_restarts_total") != 1 {
		t.Error("its restart is not counted")
	}
}

// external starts a php-fpm of the test's own and returns its address and a function that restarts it.
func external(t *testing.T, s *server) (address string, stop, start func()) {
	t.Helper()
	port := freePort(t)
	s.write("fpm.conf", `[global]
error_log = `+s.path("fpm.log")+`
daemonize = no
[www]
listen = 127.0.0.1:`+strconv.Itoa(port)+`
user = www-data
group = www-data
pm = dynamic
pm.max_children = 5
pm.start_servers = 2
pm.min_spare_servers = 1
pm.max_spare_servers = 3
`)
	var cmd *exec.Cmd
	start = func() {
		t.Helper()
		cmd = exec.Command(fpmBinary(t), "-F", "-y", s.path("fpm.conf"))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	stop = func() {
		if cmd != nil {
			_ = cmd.Process.Signal(syscall.SIGTERM) // its master ends the workers; killed, it would leave them serving
			_ = cmd.Wait()
			cmd = nil
		}
	}
	t.Cleanup(func() { stop() })
	start()
	return "tcp:127.0.0.1:" + strconv.Itoa(port), stop, start
}

func fpmBinary(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"php-fpm", "/usr/sbin/php-fpm8.2", "/usr/sbin/php-fpm8.3", "/usr/sbin/php-fpm8.4"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no php-fpm found: run make test")
	return ""
}

func TestExternalPHPGoesAndComesBack(t *testing.T) {
	a := app{handlers: pid, toml: "[php]\nunavailable_wait = \"20s\"\n"}
	s := prepare(t, a)
	address, stop, start := external(t, s)
	a.args = []string{"--fastcgi", address}
	s.run(a)
	c := s.connect()
	c.send("pid")
	c.receive()

	stop()
	c.send("waits")
	c.send("waits too")
	s.log.wait("php-fpm is away")
	if _, text := s.get("/metrics"); metric(t, text, "wsbridge_fpm_up") != 0 {
		t.Error("the metrics have php-fpm up")
	}
	response := s.refused(headers("a=b"))
	if response.StatusCode != 503 || response.Header.Get("Retry-After") == "" {
		t.Errorf("got %s, %v", response.Status, response.Header)
	}
	start()
	c.want("still here")
	c.want("still here")
	s.log.wait("php-fpm is back")
	if _, text := s.get("/metrics"); metric(t, text, "wsbridge_fpm_up") != 1 {
		t.Error("the metrics have php-fpm away")
	}
	if got := s.connect().ask("x"); got != "still here" {
		t.Errorf("got %q", got)
	}
}

func TestExternalPHPStaysAway(t *testing.T) {
	a := app{handlers: pid, toml: "[php]\nunavailable_wait = \"500ms\"\n"}
	s := prepare(t, a)
	address, stop, _ := external(t, s)
	a.args = []string{"--fastcgi", address}
	s.run(a)
	c := s.connect()
	stop()
	began := time.Now()
	c.send("never answered")
	if code, reason := c.closed(); code != 1013 || reason != "try again later" {
		t.Errorf("closed with %d %q", code, reason)
	}
	if waited := time.Since(began); waited < 400*time.Millisecond {
		t.Errorf("gave up after %v", waited)
	}
}

func TestReadinessNoticesThatPHPIsAwayWithoutAnEvent(t *testing.T) {
	a := app{handlers: echo}
	s := prepare(t, a)
	address, stop, start := external(t, s)
	a.args = []string{"--fastcgi", address}
	s.run(a)
	if status, body := s.get("/readyz"); status != 200 {
		t.Errorf("got %d %q", status, body)
	}
	stop()
	if status, body := s.get("/readyz"); status != 503 || !strings.Contains(body, "php-fpm is away") {
		t.Errorf("without php-fpm: got %d %q", status, body)
	}
	start()
	eventually(t, "wsbridge is ready again", func() bool { status, _ := s.get("/readyz"); return status == 200 })
}

func TestClientThatDoesNotReadIsClosed(t *testing.T) {
	s := serve(t, app{
		handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { broadcast_to_all(str_repeat("x",1000000)); send_text($client_key,"sent"); }`,
		toml:     "[server]\nmax_message = \"1MiB\"\nsend_queue_bytes = \"4MiB\"\nwrite_timeout = \"2s\"\n",
	})
	deaf, c := s.connect(), s.connect()
	_ = deaf
	for range 20 { // the kernel's buffers take some of it
		c.send("x")
		if got := c.receive(); len(got) != 1000000 {
			t.Fatalf("got %d bytes", len(got))
		}
		c.want("sent")
	}
	s.log.wait("client left", `"ending":"slow"`)
}

func TestScriptThatPHPCannotReadIsSaidAtOnce(t *testing.T) {
	a := app{handlers: pid, toml: "[php]\nscript = \"/nowhere/wsbridge.php\"\n"}
	s := prepare(t, a)
	address, _, _ := external(t, s)
	eventually(t, "php-fpm listens", func() bool { return reachable(address) })
	s.start(append(s.arguments(a), "--fastcgi", address)...)
	if status := s.wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	s.wantError("/nowhere/wsbridge.php")
}

// reachable reports whether somebody listens at an address of --fastcgi.
func reachable(address string) bool {
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "tcp:"))
	if err == nil {
		conn.Close()
	}
	return err == nil
}
