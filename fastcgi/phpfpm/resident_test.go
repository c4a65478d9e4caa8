package phpfpm

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds each wait for a resident.
const patience = 2 * time.Minute

// home is where residents of a test answer.
type home struct {
	t        *testing.T
	dir      string
	listener *net.UnixListener
}

// newHome makes a folder that workers can enter, with testdata/resident.php and the socket at which it answers.
func newHome(t *testing.T) home {
	t.Helper()
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "answers.sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if err := os.Chmod(l.Addr().String(), 0o666); err != nil { // workers may be another user
		t.Fatal(err)
	}
	return home{t, dir, l}
}

// start starts a php-fpm that ends requests of its pool for events after 2 seconds.
func (h home) start(change ...func(*Config)) *Process {
	h.t.Helper()
	return start(h.t, append([]func(*Config){func(c *Config) {
		c.Dir, c.Workers, c.Residents = h.dir, 1, 1
		c.Timeout, c.Idle = time.Millisecond, time.Millisecond
	}}, change...)...)
}

// resident is a request that stays open, and the script's connection to the test.
type resident struct {
	t       *testing.T
	request net.Conn
	answers *net.UnixConn
	lines   *bufio.Reader
	pid     int
}

// boot starts resident.php in the pool at address, and waits until it has connected.
func (h home) boot(address string) *resident {
	h.t.Helper()
	request, err := net.Dial("unix", address)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { request.Close() })
	deadline := time.Now().Add(patience)
	if err := errors.Join(request.SetDeadline(deadline), h.listener.SetDeadline(deadline)); err != nil {
		h.t.Fatal(err)
	}
	_, err = request.Write(fastCGIRequest(map[string]string{"REQUEST_METHOD": "GET",
		"SCRIPT_FILENAME": filepath.Join(h.dir, "resident.php"), "ANSWERS": h.listener.Addr().String()}))
	if err != nil {
		h.t.Fatal(err)
	}
	answers, err := h.listener.AcceptUnix()
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { answers.Close() })
	if err := answers.SetDeadline(deadline); err != nil {
		h.t.Fatal(err)
	}
	r := &resident{t: h.t, request: request, answers: answers, lines: bufio.NewReader(answers)}
	pid, found := strings.CutPrefix(r.line(), "pid ")
	if r.pid, err = strconv.Atoi(pid); err != nil || !found {
		h.t.Fatalf("no pid: %v", err)
	}
	return r
}

// fastCGIRequest returns the records of a request without a body, after which php-fpm is to close the connection.
func fastCGIRequest(parameters map[string]string) []byte {
	const begin, params, stdin, responder = 1, 4, 5, 1
	record := func(kind byte, content []byte) []byte {
		header := []byte{1, kind, 0, 1, 0, 0, 0, 0}
		binary.BigEndian.PutUint16(header[4:], uint16(len(content)))
		return append(header, content...)
	}
	var pairs []byte
	for name, value := range parameters {
		pairs = append(pairs, byte(len(name)), byte(len(value))) // both are short
		pairs = append(append(pairs, name...), value...)
	}
	return slices.Concat(record(begin, []byte{0, responder, 0, 0, 0, 0, 0, 0}), record(params, pairs), record(params, nil),
		record(stdin, nil))
}

func (r *resident) say(event string) {
	r.t.Helper()
	if _, err := fmt.Fprintln(r.answers, event); err != nil {
		r.t.Fatal(err)
	}
}

func (r *resident) line() string {
	r.t.Helper()
	line, err := r.lines.ReadString('\n')
	if err != nil {
		r.t.Fatalf("got %q, %v", line, err)
	}
	return strings.TrimSpace(line)
}

func (r *resident) ask(event, want string) {
	r.t.Helper()
	r.say(event)
	if got := r.line(); got != want {
		r.t.Errorf("%s: got %q, want %q", event, got, want)
	}
}

// end waits for the end of the request and reports whether php-fpm sent FCGI_END_REQUEST, so that the script has ended, and was not
// killed.
func (r *resident) end() bool {
	r.t.Helper()
	answer, err := io.ReadAll(r.request)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		r.t.Fatal(err)
	}
	const headerAndBody, endRequest = 16, 3
	return len(answer) >= headerAndBody && answer[len(answer)-headerAndBody+1] == endRequest
}

func isGone(pid int) bool {
	_, err := os.Stat(fmt.Sprint("/proc/", pid))
	return errors.Is(err, fs.ErrNotExist)
}

func TestAResidentOutlivesTheTimeLimitOfEvents(t *testing.T) {
	h := newHome(t)
	p := h.start()
	r := h.boot(p.ResidentAddress())
	r.ask("hello", "you said hello")
	if killed := h.boot(p.Address()); killed.end() {
		t.Error("the pool for events let a request end that php-fpm was to kill")
	}
	r.ask("hello again", "you said hello again")
	r.ask("limit", "limit 7")
	r.say("leave")
	if !r.end() {
		t.Error("the request did not end well")
	}
}

func TestEachResidentIsANewProcess(t *testing.T) {
	h := newHome(t)
	p := h.start()
	last := 0
	for range 3 {
		r := h.boot(p.ResidentAddress())
		if r.pid == last {
			t.Errorf("%d again", r.pid)
		}
		last = r.pid
		r.say("leave")
		if !r.end() {
			t.Error("the request did not end well")
		}
		r.request.Close() // php-fpm waits for it
		eventually(t, "the process ends", func() bool { return isGone(r.pid) })
	}
}

func TestResidentsBootAtTheSameTime(t *testing.T) {
	h := newHome(t)
	const residents = 6
	p := h.start(func(c *Config) { c.Residents = residents })
	booted := map[int]bool{}
	for range residents { // and none leaves
		booted[h.boot(p.ResidentAddress()).pid] = true
	}
	if len(booted) != residents {
		t.Errorf("%d processes", len(booted))
	}
}

func TestAResidentThatIsKilledIsReplaced(t *testing.T) {
	h := newHome(t)
	p := h.start()
	r := h.boot(p.ResidentAddress())
	r.ask("work for ever", "working")
	if err := syscall.Kill(r.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if r.end() {
		t.Error("the request ended well")
	}
	h.boot(p.ResidentAddress()).ask("hello", "you said hello")
}

// startWith starts a php-fpm with a process_control_timeout, which wsbridge's own php-fpm does not need.
func (h home) startWith(timeout string, residents int) *Process {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	defer cancel()
	p, err := prepare(ctx, Config{Dir: h.dir, Workers: 1, Residents: residents})
	if err != nil {
		h.t.Fatal(err)
	}
	text, err := os.ReadFile(p.cfg.file())
	if err != nil {
		h.t.Fatal(err)
	}
	changed := strings.Replace(string(text), "[global]", "[global]\nprocess_control_timeout = "+timeout, 1)
	if err := os.WriteFile(p.cfg.file(), []byte(changed), 0o600); err != nil {
		h.t.Fatal(err)
	}
	ready := make(chan error, 1)
	go p.supervise(ctx, ready)
	h.t.Cleanup(func() { p.Close() })
	if err := <-ready; err != nil {
		h.t.Fatal(err)
	}
	return p
}

// A reload of php-fpm (SIGUSR2) asks workers to leave by SIGQUIT, and ends them by SIGTERM after process_control_timeout.
func TestResidentsNoticeAReload(t *testing.T) {
	h := newHome(t)
	p := h.startWith("10m", 2)
	idle, busy := h.boot(p.ResidentAddress()), h.boot(p.ResidentAddress())
	busy.ask("work until asked to leave", "working")
	if err := syscall.Kill(p.PID(), syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	for r, want := range map[*resident]string{idle: "asked to leave while idle", busy: "asked to leave at work"} {
		if got := r.line(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if !r.end() {
			t.Errorf("%s: the request did not end well", want)
		}
		r.request.Close()
	}
	h.boot(p.ResidentAddress()).ask("hello", "you said hello")
}

// Without a process_control_timeout, which is the default, SIGTERM follows at once.
func TestAReloadWithoutATimeoutKillsResidents(t *testing.T) {
	h := newHome(t)
	p := h.startWith("0", 1)
	r := h.boot(p.ResidentAddress())
	r.ask("work for ever", "working")
	if err := syscall.Kill(p.PID(), syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	if r.end() {
		t.Error("the request ended well")
	}
	h.boot(p.ResidentAddress()).ask("hello", "you said hello")
}
