package faults

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
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
	s := harness.Serve(t, harness.App{Handlers: pid})
	other := s.Connect()
	for text, row := range map[string]struct{ first, log string }{
		"exit":   {"exiting", "exit"},
		"throw":  {"throwing", "thrown"},
		"fatal":  {"failing", "no_such_function"},
		"memory": {"eating", "memory"},
	} {
		t.Run(text, func(t *testing.T) {
			c := s.Connect()
			c.Send(text)
			c.Want(row.first) // effects made before the mistake are kept
			if got := c.Ask("again"); got != "still here" {
				t.Errorf("got %q", got)
			}
			line := s.Log.Wait("handler failed", row.log)
			if line["client"] == nil || line["seq"] == nil || line["event"] != "text" {
				t.Errorf("log line %v", line)
			}
		})
	}
	c := s.Connect()
	if got := c.Ask("warn"); got != "still here" {
		t.Errorf("got %q", got)
	}
	s.Log.Wait("undefined_variable", "push_server_events.php", `"line"`)
	s.Log.Wait("mine")
	if n := s.Log.Count("nowhere"); n != 0 {
		t.Error("a suppressed warning was logged")
	}
	if got := other.Ask("x"); got != "still here" {
		t.Errorf("got %q", got)
	}
}

func TestWorkerKilledInMidEvent(t *testing.T) {
	for policy, closes := range map[string]bool{"continue": false, "close": true} {
		t.Run(policy, func(t *testing.T) {
			s := harness.Serve(t, harness.App{Handlers: pid, TOML: "[php]\non_error = \"" + policy + "\"\n"})
			c, other := s.Connect(), s.Connect()
			c.Send("die in mid-event")
			c.Want("dying")
			s.Log.Wait("event failed", "cut off")
			if closes {
				if code, _ := c.Closed(); code != 1011 {
					t.Errorf("closed with %d", code)
				}
			} else if got := c.Ask("x"); got != "still here" {
				t.Errorf("got %q", got)
			}
			if got := other.Ask("x"); got != "still here" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestHandlerThatLoopsForEver(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: pid, TOML: "[php]\ntimeout = \"1s\"\nidle_timeout = \"500ms\"\nworkers = 1\n"})
	c := s.Connect()
	c.Send("loop for ever")
	c.Want("looping")
	if got := c.Ask("x"); got != "still here" { // the only worker is there again
		t.Errorf("got %q", got)
	}
	s.Log.Wait("failed", `"event":"text"`)
}

func TestPHPKilledAndRestartedInMidTraffic(t *testing.T) {
	s := harness.Serve(t, harness.App{Handlers: pid})
	c := s.Connect()
	master := s.FPMMaster()
	for i := range 100 {
		if i == 50 {
			workers := harness.Children(master)
			if err := syscall.Kill(master, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			// A worker that dies a little later could take the next event with it, and no event is sent twice.
			harness.Eventually(t, "php-fpm ends", func() bool { return !slices.ContainsFunc(append(workers, master), harness.Running) })
		}
		if got := c.Ask("x"); got != "still here" {
			t.Fatalf("message %d: got %q", i, got)
		}
	}
	if s.FPMMaster() == master {
		t.Error("php-fpm was not started anew")
	}
	if _, text := s.Get("/metrics"); harness.Metric(t, text, "wsbridge_fpm_restarts_total") != 1 {
		t.Error("its restart is not counted")
	}
}

func TestExternalPHPGoesAndComesBack(t *testing.T) {
	a := harness.App{Handlers: pid, TOML: "[php]\nunavailable_wait = \"20s\"\n"}
	s := harness.Prepare(t, a)
	fpm := harness.StartFPMOnTCP(t, 3)
	a.Args = []string{"--fastcgi", fpm.Address}
	s.Run(a)
	c := s.Connect()
	c.Send("pid")
	c.Receive()

	fpm.Stop()
	c.Send("waits")
	c.Send("waits too")
	s.Log.Wait("php-fpm is away")
	if _, text := s.Get("/metrics"); harness.Metric(t, text, "wsbridge_fpm_up") != 0 {
		t.Error("the metrics have php-fpm up")
	}
	response := s.Refused(harness.Headers("a=b"))
	if response.StatusCode != 503 || response.Header.Get("Retry-After") == "" {
		t.Errorf("got %s, %v", response.Status, response.Header)
	}
	fpm.Start()
	c.Want("still here")
	c.Want("still here")
	s.Log.Wait("php-fpm is back")
	if _, text := s.Get("/metrics"); harness.Metric(t, text, "wsbridge_fpm_up") != 1 {
		t.Error("the metrics have php-fpm away")
	}
	if got := s.Connect().Ask("x"); got != "still here" {
		t.Errorf("got %q", got)
	}
}

func TestExternalPHPStaysAway(t *testing.T) {
	a := harness.App{Handlers: pid, TOML: "[php]\nunavailable_wait = \"500ms\"\n"}
	s := harness.Prepare(t, a)
	fpm := harness.StartFPM(t, 3)
	a.Args = []string{"--fastcgi", fpm.Address}
	s.Run(a)
	c := s.Connect()
	fpm.Stop()
	began := time.Now()
	c.Send("never answered")
	if code, reason := c.Closed(); code != 1013 || reason != "try again later" {
		t.Errorf("closed with %d %q", code, reason)
	}
	if waited := time.Since(began); waited < 400*time.Millisecond {
		t.Errorf("gave up after %v", waited)
	}
}

// Nobody but their close handlers tells the application that clients have left, so these wait for php-fpm longer than other events.
func TestCloseHandlersRunWhenPHPIsBack(t *testing.T) {
	for name, mode := range map[string]string{"side by side": "auto", "one by one": "serial", "in resident workers": "auto"} {
		t.Run(name, func(t *testing.T) {
			fpm := harness.StartFPMForResidents(t, 3, 5, "30s")
			resident := "php.resident = \"off\"\n"
			if name == "in resident workers" {
				resident = "php.resident = \"on\"\n"
			}
			s := harness.Serve(t, harness.App{TOML: fpm.Config() + resident + "php.unavailable_wait = \"300ms\"\nisolation.mode = \"" + mode + "\"\n", Handlers: pid + `
function ws_server_before_close(&$connections,&$connection) { file_put_contents(__DIR__."/closed",$connection["name"]."\n",FILE_APPEND|LOCK_EX); }
function ws_server_open(&$connections,&$connection,$client_key) { $connection["name"]="client".$client_key; }`})
			clients := s.ConnectMany(3)
			for _, c := range clients {
				c.Ask("x") // its open handler has ended
			}
			fpm.Stop()
			clients[0].HangUp()
			for _, c := range clients[1:] {
				c.Send("never answered")
				if code, _ := c.Closed(); code != 1013 {
					t.Errorf("closed with %d", code)
				}
			}
			harness.Eventually(t, "no socket is left", func() bool {
				_, text := s.Get("/metrics")
				return harness.Metric(t, text, "wsbridge_connections") == 0
			})
			fpm.Start()
			harness.Eventually(t, "all close handlers have run", func() bool {
				return strings.Count(s.ReadIfThere("closed"), "client") == len(clients)
			})
			s.Log.Wait("client left", `"ending":"hangup"`)
			if n := s.Log.Count("event failed", `"event":"close"`); n != 0 {
				t.Errorf("%d of them count as failed", n)
			}
		})
	}
}

// Thousands of clients may leave while php-fpm is away. When it is back, their close handlers run in order, and what they take is bounded.
func TestManyCloseHandlersRunWhenPHPIsBack(t *testing.T) {
	const clients = 30
	fpm := harness.StartFPM(t, 2)
	s := harness.Serve(t, harness.App{TOML: fpm.Config() + "php.resident = \"off\"\nphp.max_connections = 1\nphp.unavailable_wait = \"300ms\"\n", Handlers: pid + `
function ws_server_before_close(&$connections,&$connection)
{
	file_put_contents(__DIR__."/closed",$connection["name"]."\n",FILE_APPEND);
	while (!file_exists(__DIR__."/proceed")) { usleep(10000); }
}
function ws_server_open(&$connections,&$connection,$client_key) { $connection["name"]=$client_key; }`})
	most := s.Vitals().Goroutines + clients/2
	all := s.ConnectMany(clients)
	all[clients-1].Ask("x") // all open handlers have ended
	fpm.Stop()
	var want strings.Builder
	for i, c := range all {
		c.HangUp()
		harness.Eventually(t, "its socket is gone", func() bool { return int(harness.Metric(t, s.Metrics(), "wsbridge_connections")) <= clients-1-i })
		fmt.Fprintln(&want, i+1)
	}
	fpm.Start()
	harness.Eventually(t, "a close handler runs", func() bool { return s.ReadIfThere("closed") != "" })
	harness.Eventually(t, fmt.Sprintf("there are %d goroutines at most", most), func() bool { return s.Vitals().Goroutines <= most })
	s.Write("proceed", "")
	harness.Eventually(t, "all close handlers have run", func() bool { return strings.Count(s.ReadIfThere("closed"), "\n") == clients })
	if got := s.ReadIfThere("closed"); got != want.String() {
		t.Errorf("they ran in the order %q", got)
	}
}

func TestAShutdownDoesNotWaitForPHPThatIsAway(t *testing.T) {
	a := harness.App{TOML: "[php]\nunavailable_wait = \"300ms\"\n[server]\ndrain_timeout = \"10m\"\n", Handlers: pid + `
function ws_server_before_close(&$connections,&$connection) { }`}
	s := harness.Prepare(t, a)
	fpm := harness.StartFPM(t, 3)
	a.Args = []string{"--fastcgi", fpm.Address}
	s.Run(a)
	c := s.Connect()
	fpm.Stop()
	c.Send("never answered")
	c.Closed()
	s.Stop()
	s.Log.Wait("close handlers did not run")
}

func TestReadinessNoticesThatPHPIsAwayWithoutAnEvent(t *testing.T) {
	a := harness.App{Handlers: harness.Echo}
	s := harness.Prepare(t, a)
	fpm := harness.StartFPM(t, 3)
	a.Args = []string{"--fastcgi", fpm.Address}
	s.Run(a)
	if status, body := s.Get("/readyz"); status != 200 {
		t.Errorf("got %d %q", status, body)
	}
	fpm.Stop()
	if status, body := s.Get("/readyz"); status != 503 || !strings.Contains(body, "php-fpm is away") {
		t.Errorf("without php-fpm: got %d %q", status, body)
	}
	fpm.Start()
	harness.Eventually(t, "wsbridge is ready again", func() bool { status, _ := s.Get("/readyz"); return status == 200 })
}

func TestClientThatDoesNotReadIsClosed(t *testing.T) {
	s := harness.Serve(t, harness.App{
		Handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { broadcast_to_all(str_repeat("x",1000000)); send_text($client_key,"sent"); }`,
		TOML:     "[server]\nmax_message = \"1MiB\"\nsend_queue_bytes = \"4MiB\"\nwrite_timeout = \"2s\"\n",
	})
	deaf, c := s.Connect(), s.Connect()
	_ = deaf
	for range 20 { // the kernel's buffers take some of them
		c.Send("x")
		if got := c.Receive(); len(got) != 1000000 {
			t.Fatalf("got %d bytes", len(got))
		}
		c.Want("sent")
	}
	s.Log.Wait("client left", `"ending":"slow"`)
}

func TestScriptThatPHPCannotReadIsSaidAtOnce(t *testing.T) {
	a := harness.App{Handlers: pid, TOML: "[php]\nscript = \"/nowhere/wsbridge.php\"\n"}
	s := harness.Prepare(t, a)
	fpm := harness.StartFPM(t, 3)
	s.Start(append(s.Arguments(a), "--fastcgi", fpm.Address)...)
	if status := s.Wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	s.WantError("/nowhere/wsbridge.php")
}
