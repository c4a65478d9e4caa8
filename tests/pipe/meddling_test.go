package pipe

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// A cleaner, a deployment or the original server meddle with the pipe of a running server.
func TestPipeIsMadeAnewUnderARunningServer(t *testing.T) {
	t.Parallel()
	for fault, do := range map[string]func(path string) error{
		"removed": os.Remove,
		"replaced": func(path string) error {
			return errors.Join(unix.Mkfifo(path+".new", 0o600), os.Rename(path+".new", path))
		},
		"plain file": func(path string) error {
			return errors.Join(os.WriteFile(path+".new", nil, 0o644), os.Rename(path+".new", path))
		},
		"mode": func(path string) error { return os.Chmod(path, 0) },
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			s := harness.Serve(t, harness.App{Handlers: forward})
			c := s.Connect()
			s.WritePipe("before")
			c.Want("before")
			if err := do(s.Path(harness.Pipe)); err != nil {
				t.Fatal(err)
			}
			harness.Eventually(t, "the pipe is put right", func() bool {
				return harness.Metric(t, s.Metrics(), `wsbridge_pipe_mended_total{fault="`+fault+`"}`) == 1
			})
			if info, err := os.Lstat(s.Path(harness.Pipe)); err != nil || info.Mode() != os.ModeNamedPipe|0o666 {
				t.Errorf("got %v, %v", info, err)
			}
			s.WritePipe("after")
			c.Want("after")
			s.Log.Wait("pipe", `"level":"WARN"`)
		})
	}
}

// PHP's "w+" makes a plain file where there is no pipe, and says that all is well.
func TestWhatPHPWritesWhileThePipeIsMissingArrives(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: forward})
	c := s.Connect()
	code := `unlink($argv[1]); $f=fopen($argv[1],"w+"); fwrite($f,"{\"to\":\"all\"}"); fclose($f);`
	if out, err := exec.Command("php", "-r", code, s.Path(harness.Pipe)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c.Want(`{"to":"all"}`)
	harness.Eventually(t, "the pipe is back", func() bool {
		info, err := os.Lstat(s.Path(harness.Pipe))
		return err == nil && info.Mode()&os.ModeNamedPipe != 0
	})
	s.WritePipe("after")
	c.Want("after")
}

// Without a legacy settings file nobody has said that a plain file at that path is PHP's.
func TestPipeThatCannotBeMadeAnewIsReported(t *testing.T) {
	t.Parallel()
	s := harness.Prepare(t, harness.App{Handlers: forward})
	s.Write("own.toml", "server.listen = \"127.0.0.1:0\"\nphp.events_file = \""+s.Path("push_server_events.php")+"\"\npipe.path = \""+s.Path(harness.Pipe)+"\"\n")
	s.Start("serve", "--config", s.Path("own.toml"))
	s.AwaitListening()
	if err := errors.Join(os.WriteFile(s.Path("precious"), []byte("precious"), 0o644), os.Rename(s.Path("precious"), s.Path(harness.Pipe))); err != nil {
		t.Fatal(err)
	}
	s.Log.Wait("the pipe is not at its place", "regular file")
	if up := harness.Metric(t, s.Metrics(), "wsbridge_pipe_up"); up != 0 {
		t.Errorf("wsbridge_pipe_up is %v", up)
	}
	if status, text := s.Get("/readyz"); status != 503 || !strings.Contains(text, "pipe") || !strings.Contains(text, s.Path(harness.Pipe)) {
		t.Errorf("readiness: %d %s", status, text)
	}
	status, _ := harness.Finish(t, exec.Command(harness.Program(), "status", "--control", s.ControlSocket()))
	if !strings.Contains(status, "(lost: ") || !strings.Contains(status, "not a named pipe") {
		t.Errorf("got %s", status)
	}
	if got := s.Read(harness.Pipe); got != "precious" {
		t.Errorf("the file holds %q", got)
	}
	if err := s.Remove(harness.Pipe); err != nil {
		t.Fatal(err)
	}
	s.Log.Wait("the pipe is at its place again")
	if status, text := s.Get("/readyz"); status != 200 {
		t.Errorf("readiness: %d %s", status, text)
	}
	if up := harness.Metric(t, s.Metrics(), "wsbridge_pipe_up"); up != 1 {
		t.Errorf("wsbridge_pipe_up is %v", up)
	}
}

func TestPlainFileThatPHPLeftDoesNotKeepTheServerFromStarting(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: forward}
	s := harness.Prepare(t, a)
	s.Write(harness.Pipe, `{"of":"last year"}`)
	s.Run(a)
	aside, _ := s.Log.Wait("plain file in place of the pipe")["aside"].(string)
	if text, err := os.ReadFile(aside); err != nil || string(text) != `{"of":"last year"}` {
		t.Errorf("%s holds %q, %v", aside, text, err)
	}
	c := s.Connect()
	s.WritePipe("new")
	c.Want("new")
}
