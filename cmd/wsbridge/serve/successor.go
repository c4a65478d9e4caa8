package serve

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/handover"
)

// successor is the process that is to take over from this one.
type successor struct {
	cmd     *exec.Cmd
	channel *handover.Channel
}

// startSuccessor starts the program at path. It writes to the same log. The caller ends it or lets it go.
func startSuccessor(path string, arguments []string) (*successor, error) {
	ours, theirs, err := handover.Pair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	const first = 3 // ExtraFiles begin after the standard streams
	cmd := exec.Command(path, arguments...)
	cmd.Env = append(successorEnv(os.Environ()), fmt.Sprintf("%s=%d", handover.Env, first))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{theirs}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", path, err), ours.Close())
	}
	return &successor{cmd, ours}, nil
}

// successorEnv leaves out what the service manager means for this process only: the process id that makes it valid is ours, and the sockets
// come another way (sd_listen_fds(3), sd_watchdog_enabled(3)).
func successorEnv(all []string) []string {
	ours := []string{"LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID", handover.Env}
	return slices.DeleteFunc(slices.Clone(all), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(ours, name)
	})
}

func (n *successor) pid() int { return n.cmd.Process.Pid }

// endTime is how long a process that does not take over has to end php-fpm and to remove its files.
const endTime = 10 * time.Second

// end ends the process, waits for it, and returns how it ended.
func (n *successor) end() *os.ProcessState {
	_ = n.channel.Close()
	_ = n.cmd.Process.Signal(syscall.SIGTERM) // it fails only for one that has ended
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = n.cmd.Wait() // its state says how
	}()
	select {
	case <-ended:
	case <-time.After(endTime):
		_ = n.cmd.Process.Kill() // it fails only for one that has ended
		<-ended
	}
	return n.cmd.ProcessState
}

// kill ends the process at once, and waits for it. The channel stays open.
func (n *successor) kill() {
	_ = n.cmd.Process.Kill() // it fails only for one that has ended
	_ = n.cmd.Wait()
}

// letGo lets the process go on when this one ends.
func (n *successor) letGo() error { return errors.Join(n.channel.Close(), n.cmd.Process.Release()) }

// ownProgram returns the path by which this program was started, as an absolute one, so that what is there by now can be started: after an
// upgrade that is another program, while /proc/self/exe remains the one that runs.
func ownProgram() string {
	path, err := exec.LookPath(os.Args[0])
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if there, statErr := os.Stat(path); err == nil && statErr == nil {
		if here, err := os.Stat("/proc/self/exe"); err == nil && os.SameFile(there, here) {
			return path
		}
	}
	path, _ = os.Executable() // empty: nothing can be started, which says so
	return path
}

// checkProgram returns why the program at path cannot be started.
func checkProgram(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no program", path)
	}
	const mayExecute = 1 // access(2)
	if err := syscall.Access(path, mayExecute); err != nil {
		return fmt.Errorf("%s may not be started: %w", path, err)
	}
	return nil
}
