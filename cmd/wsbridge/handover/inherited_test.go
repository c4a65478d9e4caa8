package handover

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// child is the new process: it greets, takes one message with its files, and answers with what its own child has of its environment and its
// files, after a line for each file that it has itself and should not pass on.
func child() error {
	ctx := context.Background()
	c, err := Inherited()
	if err != nil || c == nil {
		return fmt.Errorf("no channel: %w", err)
	}
	defer c.Close()
	if _, err := c.Greet(ctx, Hello{1, "new", os.Getpid()}, false); err != nil {
		return err
	}
	m, err := c.Receive(ctx)
	if err != nil {
		return err
	}
	defer m.Close()
	own := ""
	for _, file := range []syscall.Conn{c.conn, m.Files[0], m.Files[1]} {
		err := withDescriptors([]syscall.Conn{file}, nil, func(fds []int) error {
			link, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fds[0]))
			own += link + "\n"
			return err
		})
		if err != nil {
			return err
		}
	}
	passed, err := exec.Command("sh", "-c", `ls -l /proc/self/fd; echo "environment: <$`+Env+`>"`).Output()
	if err != nil {
		return err
	}
	return c.Send(ctx, Message{Name: m.Name, Body: append([]byte(own), passed...)})
}

func TestTheProcessThatIsStartedInheritsTheChannel(t *testing.T) {
	ours, theirs, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asChild+"=1", Env+"=3")
	cmd.Stderr = os.Stderr
	cmd.ExtraFiles = []*os.File{theirs}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	defer func() {
		ours.Close() // or it might wait
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}()
	ctx := within(t, patience)
	other, err := ours.Greet(ctx, Hello{1, "old", os.Getpid()}, true)
	if err != nil || other.PID != cmd.Process.Pid {
		t.Fatalf("got %+v, %v", other, err)
	}
	if err := ours.Send(ctx, Message{Name: "files", Files: pipes(t, 2)}); err != nil {
		t.Fatal(err)
	}
	answer, err := ours.Receive(ctx)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitN(string(answer.Body), "\n", 4)
	passed := lines[3]
	for _, own := range lines[:3] {
		if !strings.Contains(own, ":[") || strings.Contains(passed, own) {
			t.Errorf("a process that the new one starts has %q:\n%s", own, passed)
		}
	}
	if !strings.Contains(passed, "environment: <>") {
		t.Errorf("a process that the new one starts has the variable:\n%s", passed)
	}
	if _, err := ours.Receive(ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("the end of the new process was not seen: %v", err)
	}
}

func TestWhatIsNoChannelIsNotInherited(t *testing.T) {
	ours, theirs, err := Pair() // made by this process, not by its parent
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	defer theirs.Close()
	file := pipes(t, 1)[0].(*os.File)
	datagrams, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(datagrams[0])
	defer unix.Close(datagrams[1])
	for name, row := range map[string]struct{ value, part string }{
		"nothing":             {"", "invalid syntax"},
		"a word":              {"yes", "invalid syntax"},
		"a standard stream":   {"2", "standard stream"},
		"a file":              {strconv.Itoa(int(file.Fd())), "no socket"},
		"a closed descriptor": {"1000000", "no socket"},
		"datagrams":           {strconv.Itoa(datagrams[0]), "not a unix stream"},
		"a stranger's":        {strconv.Itoa(int(theirs.Fd())), "not our parent"},
	} {
		t.Setenv(Env, row.value)
		c, err := Inherited()
		if c != nil || err == nil || !strings.Contains(err.Error(), row.part) || !strings.Contains(err.Error(), Env+"="+row.value) {
			t.Errorf("%s: got %v", name, err)
		}
		if _, still := os.LookupEnv(Env); still {
			t.Errorf("%s: the variable is still there", name)
		}
	}
	if c, err := Inherited(); c != nil || err != nil {
		t.Errorf("without the variable: got %v, %v", c, err)
	}
}
