package resident

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// workersSocket returns the path of the socket to which workers connect.
func workersSocket(s *harness.Server) string {
	s.T.Helper()
	found, err := filepath.Glob(s.Path("wsbridge-*/workers.sock"))
	if err != nil || len(found) != 1 {
		s.T.Fatalf("got %q, %v", found, err)
	}
	return found[0]
}

// tokenOf returns the token that wsbridge has given to a worker.
func tokenOf(c *harness.Client) string {
	c.T.Helper()
	return c.Ask(`return $GLOBALS["token"];`)
}

const keepToken = "$token=getenv(\"WSBRIDGE_WORKER\");\n"

func TestStrangerGetsNothing(t *testing.T) {
	t.Parallel()
	s, c := serveEval(t, keepToken, "")
	before := processOf(c)
	for name, greeting := range map[string]string{
		"nothing":         "",
		"no token":        "\n",
		"a wrong token":   strings.Repeat("0", 32) + " 1\n",
		"no number":       tokenOf(c) + "\n",
		"a worker's":      fmt.Sprintf("%s %d\n", tokenOf(c), before),
		"an endless line": strings.Repeat("x", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("unix", workersSocket(s))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Write([]byte(greeting)); err != nil {
				t.Fatal(err)
			}
			_ = conn.SetReadDeadline(time.Now().Add(harness.Patience))
			if got, err := io.ReadAll(conn); len(got) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	if got := processOf(c); got != before {
		t.Errorf("process %d instead of %d runs events", got, before)
	}
	wantSameWorker(s)
}

func TestManyStrangersHoldNobody(t *testing.T) {
	t.Parallel()
	s, c := serveEval(t, "", "")
	before := s.Files()
	for range 200 {
		conn, err := net.Dial("unix", workersSocket(s))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	kill(s)
	if files := s.Files(); files > before+100 {
		t.Errorf("it has %d open files; before strangers came, %d", files, before)
	}
	evaluate(c, `return "served";`, "served")
}

func TestWorkersEndWithTheProgram(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{true, false} {
		t.Run(fmt.Sprintf("own php-fpm %v", own), func(t *testing.T) {
			t.Parallel()
			toml := ""
			if !own {
				toml = harness.StartFPMForResidents(t, 2, 4, "30s").Config()
			}
			s := harness.Prepare(t, harness.App{Handlers: harness.Eval, TOML: toml})
			s.Run(harness.App{TOML: toml})
			c := s.Connect()
			resident := processOf(c)
			s.Signal(syscall.SIGKILL)
			s.Wait()
			harness.Eventually(t, "the worker ends", func() bool { return !harness.Running(resident) })
		})
	}
}
