package phpfpm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// pollInterval is how often a condition is checked whose change cannot be waited for.
const pollInterval = 5 * time.Millisecond

// reapTimeout bounds the wait for killed processes. The first process of a container may never reap them.
const reapTimeout = time.Second

// master is a running php-fpm. Its owner has to call stop, once.
type master struct {
	cmd    *exec.Cmd
	log    *logReader
	exited chan struct{} // closed when the master and its process group have ended
	err    error         // why it ended; may be read when exited is closed
}

// startMaster starts php-fpm, which takes over held, in a process group of its own.
func startMaster(binary string, args []string, held sockets, logger *slog.Logger) (*master, error) {
	cmd := exec.Command(binary, args...)
	files, variable := held.handOver()
	cmd.ExtraFiles, cmd.Env = files, append(environment(os.Environ()), variable)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	m := &master{cmd: cmd, log: newLogReader(logger), exited: make(chan struct{})}
	started := make(chan error)
	go m.run(started)
	if err := <-started; err != nil {
		<-m.exited
		return nil, err
	}
	return m, nil
}

// environment removes the variables that a service manager has set for this program alone (sd_notify(3), sd_listen_fds(3)), which
// php-fpm would take for its own.
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

// run starts php-fpm and waits for its end on one thread, because the kernel sends the parent-death signal when the thread ends
// that started the child, not when the process does.
func (m *master) run(started chan<- error) {
	defer close(m.exited)
	runtime.LockOSThread() // never unlocked, so that the thread ends with the goroutine, after its child
	output, written := io.Pipe()
	m.cmd.Stdout, m.cmd.Stderr = written, written
	m.cmd.WaitDelay = stopGrace // a process that has left the group may hold its output open, which is not waited for
	err := m.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	var reading sync.WaitGroup
	reading.Go(func() { m.log.read(output) })
	m.waitExit()
	// Workers that outlive their master would continue to serve the old socket. The master is not reaped yet, so its id, which is
	// also the group's, cannot belong to another process.
	_ = unix.Kill(-m.pid(), unix.SIGKILL)
	if m.err = m.cmd.Wait(); errors.Is(m.err, exec.ErrWaitDelay) {
		m.err = nil
	}
	waitGroup(m.pid())
	written.Close()
	reading.Wait()
}

// waitExit waits for the master's end without reaping it, so that its id is not used again.
func (m *master) waitExit() {
	for {
		err := unix.Waitid(unix.P_PID, m.pid(), nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// waitGroup waits until the killed processes of a group are gone. If this program is the first process of a container, it has to
// reap them.
func waitGroup(pgid int) {
	deadline := time.Now().Add(reapTimeout)
	for unix.Kill(-pgid, 0) == nil && time.Now().Before(deadline) {
		if pid, _ := unix.Wait4(-pgid, nil, unix.WNOHANG, nil); pid <= 0 {
			time.Sleep(pollInterval)
		}
	}
}

func (m *master) pid() int { return m.cmd.Process.Pid }

// signal fails only if the master has ended.
func (m *master) signal(s syscall.Signal) { _ = m.cmd.Process.Signal(s) }

// failure returns the reason why the master ended, with the last lines of its log.
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

// waitReady waits until php-fpm has started its workers. Its sockets do not tell, since they accept connections without it.
func (m *master) waitReady(ctx context.Context, stopping <-chan struct{}) error {
	ctx, done := startWait(ctx, m.log.logger, "php-fpm to start its workers")
	defer done()
	select {
	case <-m.log.ready:
		return nil
	case <-m.exited:
		return m.failure()
	case <-stopping:
		return errors.New("stopped")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// stop ends the master, with a stronger signal after each stopGrace, and returns when its process group has ended. A worker in an
// endless loop survives SIGQUIT, and one that ignores SIGTERM survives that.
func (m *master) stop() {
	for _, s := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGKILL} {
		m.signal(s)
		select {
		case <-m.exited:
			return
		case <-time.After(stopGrace):
		}
	}
	<-m.exited
}
