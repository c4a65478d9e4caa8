package journal

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// childFolder names the journal for a test process that TestChild runs in.
const childFolder = "WSBRIDGE_TEST_JOURNAL"

// TestChild is what startChild runs. It accepts, begins and ends documents from several goroutines, and prints what it has been told.
func TestChild(t *testing.T) {
	dir := os.Getenv(childFolder)
	if dir == "" {
		t.Skip("it is a process of other tests")
	}
	j, err := Open(dir, Options{Sync: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("open")
	var print sync.Mutex
	say := func(word string, id uint64) {
		print.Lock()
		defer print.Unlock()
		fmt.Println(word, id) // one write(2) each, since standard output is not buffered
	}
	for range 4 {
		go func() {
			for {
				work(t, j, say)
			}
		}()
	}
	select {}
}

func work(t *testing.T, j *Journal, say func(string, uint64)) {
	id := mustAccept(t, j, strings.Repeat("x", rand.N(3000)))
	say("accepted", id)
	if id%5 == 0 {
		return
	}
	mustBegin(t, j, id, id)
	say("begun", id)
	if id%3 > 0 {
		say("ending", id)
		j.End(id)
	}
}

// startChild starts a process that holds a journal, and returns its output.
func startChild(t testing.TB, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestChild$")
	cmd.Env = append(os.Environ(), childFolder+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "open" {
		t.Log(lines.Text())
	}
	return cmd, lines
}

func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	cmd, lines := startChild(t, dir)
	_, err := Open(dir, Options{})
	if e, ok := errors.AsType[*InUse](err); !ok || e.PID != cmd.Process.Pid || e.Path != dir {
		t.Errorf("opened what process %d holds: %v", cmd.Process.Pid, err)
	}
	if _, err := Inspect(dir); !isInUse(err) {
		t.Errorf("inspected what another process holds: %v", err)
	}
	if _, err := SetAside(dir); !isInUse(err) {
		t.Errorf("set aside what another process holds: %v", err)
	}
	_ = cmd.Process.Kill()
	for lines.Scan() {
	}
	_ = cmd.Wait()
	mustClose(t, mustOpen(t, dir, Options{}))
}

func isInUse(err error) bool {
	_, ok := errors.AsType[*InUse](err)
	return ok
}

// TestOneProcessHoldsItOnce: flock counts for each open file.
func TestOneProcessHoldsItOnce(t *testing.T) {
	dir := t.TempDir()
	mustOpen(t, dir, Options{})
	if _, err := Open(dir, Options{}); !isInUse(err) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("opened twice: %v", err)
	}
}

// TestKilledProcess: what a process was told to be written is there after a kill at any time, and nothing is there twice.
func TestKilledProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	known := map[uint64]string{} // the last that was said of each document
	for round := range 4 {
		cmd, lines := startChild(t, dir)
		kill := time.AfterFunc(20*time.Millisecond+rand.N(130*time.Millisecond), func() { _ = cmd.Process.Kill() })
		for lines.Scan() {
			word, number, _ := strings.Cut(lines.Text(), " ")
			id, err := strconv.ParseUint(number, 10, 64)
			if err != nil {
				t.Fatal(lines.Text())
			}
			if word == "accepted" && known[id] != "" {
				t.Errorf("round %d: id %d was given twice", round, id)
			}
			known[id] = word
		}
		kill.Stop()
		_ = cmd.Wait()
		compare(t, dir, known)
	}
	if len(known) == 0 {
		t.Error("no document was accepted in any round")
	}
}

// compare compares a journal with what is known of its documents.
func compare(t *testing.T, dir string, known map[uint64]string) {
	t.Helper()
	j := mustOpen(t, dir, Options{})
	defer mustClose(t, j)
	if !j.Left().Crashed {
		t.Error("a kill is told as an orderly end")
	}
	has := map[uint64]string{}
	for _, id := range waitingIDs(t, j) {
		has[id] = "accepted"
	}
	for _, b := range j.Left().Begun {
		if has[b.ID] != "" || b.Seq != b.ID {
			t.Errorf("%+v has begun, and waits", b)
		}
		has[b.ID] = "begun"
	}
	for id, word := range known {
		// What a process was about to do next may be done, too.
		if is := has[id]; is != word && !(word == "accepted" && is == "begun") && word != "ending" {
			t.Errorf("document %d is %q, want %q", id, is, word)
		}
	}
	for id, word := range has {
		if word == "begun" && known[id] == "" {
			t.Errorf("document %d has begun, and was not accepted", id)
		}
		if d, err := j.Document(id); err != nil || strings.Trim(string(d.Payload), "x") != "" {
			t.Errorf("document %d: %v", id, err)
		}
		known[id] = word
	}
}
