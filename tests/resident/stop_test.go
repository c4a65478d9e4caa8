package resident

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// withoutLimit lets handlers run for any time, and a stop wait for them only shortly.
const withoutLimit = "php.timeout = \"0s\"\nserver.drain_timeout = \"2s\"\n"

// wantStop ends a server, which must not need the last limit for that.
func wantStop(t *testing.T, s *harness.Server) {
	t.Helper()
	if status := s.Stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if strings.Contains(s.Log.Text(), "the end takes too long") {
		t.Error("only the last limit has ended the server")
	}
}

// freeze stops a worker, and waits until it has most likely been asked about itself.
func freeze(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second) // a question each second; without one the stop is easier
}

func TestStopWhileTheWorkerIsStopped(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval, TOML: withoutLimit})
	c := s.Connect()
	pid := processOf(c)
	c.Close(websocket.CloseNormalClosure)
	freeze(t, pid)
	wantStop(t, s)
}

func TestStopWhileAReloadWaitsForAStoppedWorker(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Eval, TOML: withoutLimit + "php.workers = 2\n"})
	c := s.Connect()
	pid := processOf(c)
	c.Close(websocket.CloseNormalClosure)
	freeze(t, pid)
	started := s.Log.Count("php-fpm started")
	s.Configure(withoutLimit + "php.workers = 3\n")
	s.Signal(syscall.SIGHUP)
	harness.Eventually(t, "another php-fpm runs", func() bool { return s.Log.Count("php-fpm started") > started })
	time.Sleep(time.Second) // until the reload waits for the worker; before that the stop is easier
	wantStop(t, s)
}

// The code hangs in each process that loads it from now on, which nothing bounds.
func TestStopWhileAWorkerLoadsCodeThatHangs(t *testing.T) {
	t.Parallel()
	const slow = `
if (file_exists(__DIR__."/hang")) { file_put_contents(__DIR__."/hangs","x",FILE_APPEND); while (True) sleep(1); }
function ws_server_text(&$connection,&$message,$client_key) { usleep(50000); send_text($client_key,"done"); }
`
	s := harness.Serve(t, harness.App{Handlers: slow, TOML: withoutLimit})
	c := s.Connect()
	s.Write("hang", "")
	harness.Eventually(t, "a request and a worker for slow events load the code", func() bool {
		c.Send("work")
		return len(s.ReadIfThere("hangs")) >= 2
	})
	c.HangUp()
	wantStop(t, s)
}
