package faults

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/fastcgi/phpfpm"
	"github.com/wsbridge/wsbridge/tests/harness"
)

// journal notes each text in the folder JOURNAL when its handler begins, and answers it.
const journal = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	file_put_contents("JOURNAL/begun",$client_key." ".$msg."\n",FILE_APPEND);
	usleep(1000);
	send_text($client_key,$msg);
}
`

// journalTalker is a client that sends numbers in order, without waiting for answers.
type journalTalker struct {
	client *harness.Client
	stop   <-chan struct{}
	sent   int
	got    []int
	err    error
}

const lastText = "0"

// talk sends and, on another goroutine, reads, up to the answer to lastText.
func (k *journalTalker) talk() {
	var reading sync.WaitGroup
	reading.Go(func() { k.err = k.read() })
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		select {
		case <-tick.C:
			k.sent++
			k.client.Send(strconv.Itoa(k.sent))
			continue
		case <-k.stop:
			tick.Stop()
		}
		break
	}
	k.client.Send(lastText)
	reading.Wait()
}

func (k *journalTalker) read() error {
	for {
		_ = k.client.Conn.SetReadDeadline(time.Now().Add(harness.Patience))
		_, text, err := k.client.Conn.ReadMessage()
		if err != nil || string(text) == lastText {
			return err
		}
		n, err := strconv.Atoi(string(text))
		if err != nil {
			return err
		}
		k.got = append(k.got, n)
	}
}

// talk has clients send texts while does runs, and returns how many were sent, begun and answered. It fails the test if a text has begun twice
// or was answered without, or if answers are not in order.
func talk(t *testing.T, s *harness.Server, dir string, does func()) (sent, begun, answered int) {
	t.Helper()
	var work sync.WaitGroup
	var talkers []*journalTalker
	stop := make(chan struct{})
	for _, c := range s.ConnectMany(4) {
		k := &journalTalker{client: c, stop: stop}
		talkers = append(talkers, k)
		work.Go(k.talk)
	}
	does()
	close(stop)
	work.Wait()
	text, err := os.ReadFile(filepath.Join(dir, "begun"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(strings.ReplaceAll(string(text), " ", ":"))
	begun = len(lines) - len(talkers)
	slices.Sort(lines)
	if twice := len(lines) - len(slices.Compact(lines)); twice > 0 {
		t.Errorf("%d texts have begun twice", twice)
	}
	for i, k := range talkers {
		sent, answered = sent+k.sent, answered+len(k.got)
		if k.err != nil {
			t.Errorf("client %d: %v", i, k.err)
		}
		if !slices.IsSorted(k.got) {
			t.Errorf("client %d was not answered in order", i)
		}
	}
	return sent, begun, answered
}

// failed returns how many events have failed, by reason.
func failed(s *harness.Server) map[string]int {
	_, text := s.Get("/metrics")
	reasons := map[string]int{}
	for _, line := range regexp.MustCompile(`(?m)^wsbridge_event_failures_total\{event="text",reason="(\w+)"\} (\d+)$`).FindAllStringSubmatch(text, -1) {
		if n, _ := strconv.Atoi(line[2]); n > 0 {
			reasons[line[1]] = n
		}
	}
	return reasons
}

func serveJournal(t *testing.T, toml string) (s *harness.Server, dir string) {
	t.Helper()
	dir = harness.PublicDir(t)
	return harness.Serve(t, harness.App{Handlers: strings.ReplaceAll(journal, "JOURNAL", dir), TOML: toml}), dir
}

var bothModes = map[string]string{"requests": harness.RequestPerEvent, "residents": harness.Resident}

// php-fpm's sockets stay when it ends, so that what has not begun waits for the next.
func TestNoEventIsLostWithAPHPThatIsKilled(t *testing.T) {
	const kills = 20
	for name, mode := range bothModes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := serveJournal(t, mode+"on_error = \"continue\"\nunavailable_wait = \"5m\"\n")
			sent, begun, answered := talk(t, s, dir, func() {
				for range kills {
					time.Sleep(300 * time.Millisecond)
					killPHP(t, s)
				}
			})
			reasons := failed(s)
			t.Logf("%d sent, %d begun, %d answered, failed: %v", sent, begun, answered, reasons)
			if n := reasons["cut_off"]; sent-answered > n || sent-begun > n || len(reasons) > 1 {
				t.Errorf("of %d texts, %d have begun and %d were answered, and failed: %v", sent, begun, answered, reasons)
			}
			if n := s.Log.Count("php-fpm is away", "dial "); n > 0 { // a process that is killed may reset a connection before it has read from it
				t.Errorf("php-fpm refused events, %d times", n)
			}
			if _, text := s.Get("/metrics"); harness.Metric(t, text, "wsbridge_fpm_restarts_total") != kills {
				t.Error("restarts are not counted")
			}
		})
	}
}

// killPHP kills the server's php-fpm, and waits until there is another.
func killPHP(t *testing.T, s *harness.Server) {
	t.Helper()
	ready := s.Log.Count("php-fpm is ready")
	if err := syscall.Kill(s.FPMMaster(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "another php-fpm", func() bool { return s.Log.Count("php-fpm is ready") > ready })
}

func TestNoEventIsLostWithAPHPThatIsReplaced(t *testing.T) {
	for name, mode := range bothModes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := serveJournal(t, mode)
			sent, begun, answered := talk(t, s, dir, func() {
				for i := range 5 {
					s.Configure(fmt.Sprintf("%smemory_limit = \"%dM\"\n", mode, 300+i))
					s.Reload("configuration reloaded")
				}
			})
			if reasons := failed(s); sent != begun || sent != answered || len(reasons) > 0 {
				t.Errorf("of %d texts, %d have begun and %d were answered, and failed: %v", sent, begun, answered, reasons)
			}
		})
	}
}

// That connections are accepted does not hide that there is no php-fpm.
func TestAPHPThatStaysAwayIsTold(t *testing.T) {
	for name, mode := range bothModes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			binary := filepath.Join(harness.PublicDir(t), "php-fpm")
			php, err := phpfpm.Find("")
			if err != nil {
				t.Fatal(err)
			}
			script := fmt.Sprintf("#!/bin/sh\n[ -e %s.broken ] && exit 1\nexec %s \"$@\"\n", binary, php)
			if err := os.WriteFile(binary, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			s, _ := serveJournal(t, mode+"unavailable_wait = \"1s\"\nfpm = \""+binary+"\"\n")
			c := s.Connect()
			if got := c.Ask("1"); got != "1" {
				t.Fatalf("got %q", got)
			}
			if err := os.WriteFile(binary+".broken", nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(s.FPMMaster(), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			s.Log.Wait("php-fpm ended, starting it again", "exit status 1")
			if status, text := s.Get("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(text, "php-fpm does not run") {
				t.Errorf("got %d %q", status, text)
			}
			if _, text := s.Get("/metrics"); harness.Metric(t, text, "wsbridge_fpm_up") != 0 {
				t.Error("the metrics have php-fpm up")
			}
			c.Send("2") // waits in vain
			if code, _ := c.Closed(); code != 1013 {
				t.Errorf("closed with %d", code)
			}
			if response := s.Refused(harness.Headers("a=b")); response.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("a handshake got %d", response.StatusCode)
			}
			if err := os.Remove(binary + ".broken"); err != nil {
				t.Fatal(err)
			}
			harness.Eventually(t, "the server is ready", func() bool { status, _ := s.Get("/readyz"); return status == http.StatusOK })
			if got := s.Connect().Ask("3"); got != "3" {
				t.Errorf("got %q", got)
			}
		})
	}
}
