package phpfpm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// pollInterval is how often a condition is looked at that nothing announces.
const pollInterval = 5 * time.Millisecond

// groupTime bounds the wait for killed processes; a container's first process may never reap them.
const groupTime = time.Second

// master is one running php-fpm. stop must be called, once.
type master struct {
	cmd     *exec.Cmd
	sockets []string
	log     *logReader
	exited  chan struct{} // closed when the master has ended and none of its group is left
	err     error         // why it ended; to be read after exited
}

// startMaster starts php-fpm in a process group of its own. It is to listen at these sockets.
func startMaster(binary string, args []string, sockets []string, logger *slog.Logger) (*master, error) {
	for _, socket := range sockets {
		if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("remove old socket: %w", err)
		}
	}
	cmd := exec.Command(binary, args...)
	cmd.Env = environment(os.Environ())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	m := &master{cmd: cmd, sockets: sockets, log: newLogReader(logger), exited: make(chan struct{})}
	started := make(chan error)
	go m.run(started)
	if err := <-started; err != nil {
		<-m.exited
		return nil, err
	}
	return m, nil
}

// environment leaves out what a service manager tells this program alone (sd_notify(3), sd_listen_fds(3)); php-fpm
// would answer for us.
func environment(env []string) []string {
	var kept []string
	for _, entry := range env {
		name, _, _ := strings.Cut(entry, "=")
		switch name {
		case "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "FPM_SOCKETS":
		default:
			kept = append(kept, entry)
		}
	}
	return kept
}

// run starts php-fpm and waits for its end on one thread: the kernel sends the parent-death signal when the thread that
// started a child ends, not the process.
func (m *master) run(started chan<- error) {
	defer close(m.exited)
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, after its child
	output, err := m.start()
	started <- err
	if err != nil {
		return
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		m.log.read(output)
	}()
	m.waitEnd()
	// Workers that outlive their master would go on serving the old socket. Its id, and so its group's, is still taken.
	_ = unix.Kill(-m.pid(), unix.SIGKILL)
	m.err = m.cmd.Wait()
	waitGroup(m.pid())
	// A process that left the group may hold the pipe open: what it still says is of no interest.
	select {
	case <-read:
	case <-time.After(graceTime):
	}
	output.Close()
	<-read
}

// start starts php-fpm and returns its output, to be closed after reading.
func (m *master) start() (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	m.cmd.Stdout, m.cmd.Stderr = w, w
	if err := m.cmd.Start(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// waitEnd waits for the master's end without reaping it, so that its id and its group's stay taken.
func (m *master) waitEnd() {
	for {
		err := unix.Waitid(unix.P_PID, m.pid(), nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// waitGroup waits until the killed processes of a group are gone. Those are ours to reap if this program is the
// container's first process.
func waitGroup(pgid int) {
	deadline := time.Now().Add(groupTime)
	for unix.Kill(-pgid, 0) == nil && time.Now().Before(deadline) {
		if pid, _ := unix.Wait4(-pgid, nil, unix.WNOHANG, nil); pid <= 0 {
			time.Sleep(pollInterval)
		}
	}
}

func (m *master) pid() int { return m.cmd.Process.Pid }

// signal fails only if the master has ended.
func (m *master) signal(s syscall.Signal) { _ = m.cmd.Process.Signal(s) }

// failure says why the master ended, with its last words.
func (m *master) failure() error {
	err := m.err
	if err == nil {
		err = errors.New("exit status 0")
	}
	if len(m.log.tail) == 0 {
		return err
	}
	return fmt.Errorf("%w: %s", err, strings.Join(m.log.tail, "; "))
}

// waitReady waits until each socket accepts a connection: php-fpm opens one after the other.
func (m *master) waitReady(ctx context.Context, stopping <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for _, socket := range m.sockets {
		if err := m.waitSocket(ctx, socket, stopping); err != nil {
			return err
		}
	}
	return nil
}

func (m *master) waitSocket(ctx context.Context, socket string, stopping <-chan struct{}) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		c, err := net.Dial("unix", socket)
		if err == nil {
			return c.Close()
		}
		select {
		case <-m.exited:
			return m.failure()
		case <-stopping:
			return errors.New("stopped")
		case <-ctx.Done():
			return fmt.Errorf("socket %s: %w: %w", socket, context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}

// stop ends the master, more forcibly with each graceTime, and returns when nothing of it is left. A worker that loops
// for ever outlives a SIGQUIT, one that ignores SIGTERM outlives that.
func (m *master) stop() {
	for _, s := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGKILL} {
		m.signal(s)
		select {
		case <-m.exited:
			return
		case <-time.After(graceTime):
		}
	}
	<-m.exited
}
