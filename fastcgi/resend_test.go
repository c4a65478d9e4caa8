package fastcgi

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// networks are those over which php-fpm can be reached.
var networks = []string{"unix", "tcp"}

func TestARequestThatWasNotReadIsSentAgain(t *testing.T) {
	for _, network := range networks {
		for name, size := range map[string]int{"small": 10, "larger than the socket's buffers": 16 << 20} {
			t.Run(network+"/"+name, func(t *testing.T) {
				s := newSite(t)
				f := s.foreignOn(t, network, "pm.max_children = 1")
				c := f.client(t, func(cfg *Config) { cfg.Script = s.path("latereader.php") })
				mustAsk(t, c, "echo:a")
				if err := os.WriteFile(s.spool("hang"), nil, 0o666); err != nil {
					t.Fatal(err)
				}
				want := strings.Repeat("x", size)
				got := make(chan answer, 1)
				go func() { got <- mustAsk(t, c, "run:once", "echo:"+want) }()
				pid := readPID(t, s.spool("pid"))
				if err := errors.Join(os.Remove(s.spool("hang")), syscall.Kill(pid, syscall.SIGKILL)); err != nil {
					t.Fatal(err)
				}
				if a := <-got; len(a.sent) != 1 || a.sent[0] != want {
					t.Error("the answer is another")
				}
				if runs, err := os.ReadFile(s.spool("runs")); err != nil || string(runs) != "once\n" {
					t.Errorf("ran %q, %v", runs, err)
				}
			})
		}
	}
}

func TestARequestThatWasReadIsNotSentAgain(t *testing.T) {
	for _, network := range networks {
		for name, payloads := range map[string][]string{
			"nothing said":   {"loop:"},
			"something said": {"run:once", "loop:"},
		} {
			t.Run(network+"/"+name, func(t *testing.T) {
				s := newSite(t)
				f := s.foreignOn(t, network, "pm.max_children = 1")
				c := f.client(t)
				mustAsk(t, c, "echo:a") // so that the connection is a kept one
				result := make(chan error, 1)
				payloads[len(payloads)-1] += s.spool("pid")
				go func() {
					_, err := ask(t.Context(), c, nil, payloads...)
					result <- err
				}()
				if err := syscall.Kill(readPID(t, s.spool("pid")), syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
				if err := <-result; !errors.Is(err, protocol.ErrCutOff) {
					t.Errorf("got %v", err)
				}
				mustAsk(t, c, "echo:next")
				if runs, _ := os.ReadFile(s.spool("runs")); len(payloads) > 1 && string(runs) != "once\n" {
					t.Errorf("ran %q", runs)
				}
			})
		}
	}
}

// Over TCP there is no proof that a request was not read if its worker does not announce requests.
func TestWorkersThatDoNotAnnounceGetARequestOnce(t *testing.T) {
	s := newSite(t)
	f := s.foreignOn(t, "tcp", "pm.max_children = 2", "php_admin_value[disable_functions] = error_log")
	c := f.client(t, func(cfg *Config) { cfg.Script = s.path("latereader.php") })
	mustAsk(t, c, "echo:a")
	if err := os.WriteFile(s.spool("hang"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() {
		_, err := ask(t.Context(), c, nil, "run:once")
		result <- err
	}()
	pid := readPID(t, s.spool("pid"))
	if err := errors.Join(os.Remove(s.spool("hang")), syscall.Kill(pid, syscall.SIGKILL)); err != nil {
		t.Fatal(err)
	}
	if err := <-result; !errors.Is(err, protocol.ErrCutOff) {
		t.Errorf("got %v", err)
	}
}

func TestAnswersOverTCPAreNotDelayed(t *testing.T) {
	s := newSite(t)
	c := s.foreignOn(t, "tcp", "pm.max_children = 1").client(t)
	mustAsk(t, c, "echo:a")
	prompt := 0
	for n := range 100 {
		started := time.Now()
		mustAsk(t, c, "echo:a", "echo:b")
		if n >= 50 && time.Since(started) < 35*time.Millisecond { // the kernel delays no acknowledgements at first
			prompt++
		}
	}
	if prompt < 5 { // with delayed acknowledgements each takes 40 ms and more, without them a few do on any machine
		t.Errorf("%d answers of 50 came at once", prompt)
	}
}
