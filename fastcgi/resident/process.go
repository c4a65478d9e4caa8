package resident

import (
	"bytes"
	"errors"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/fastcgi/exits"
)

// process is the php-fpm worker at the other end of a connection, as far as the kernel lets us see it.
type process struct {
	pid    int // in our namespace; 0: it is in another one
	handle *os.Process
	watch  *exits.Watch // nil: its end cannot be seen

	mu    sync.Mutex // guards ended
	ended bool
}

// processOf asks the kernel who has connected (unix(7), SO_PEERCRED).
func processOf(conn *net.UnixConn) *process {
	raw, err := conn.SyscallConn()
	if err != nil {
		return &process{}
	}
	var cred *unix.Ucred
	_ = raw.Control(func(fd uintptr) { cred, _ = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if cred == nil || cred.Pid == 0 {
		return &process{}
	}
	handle, err := os.FindProcess(int(cred.Pid)) // a pidfd: the id cannot come to mean another process
	if err != nil {
		return &process{}
	}
	p := &process{pid: int(cred.Pid), handle: handle}
	// What a handler has left in the background has inherited the connection, and would keep it open. What was written before can be read.
	p.watch, _ = exits.Start(p.pid, func() { _ = conn.CloseRead() })
	return p
}

// kill returns nil if the process was killed or had ended.
func (p *process) kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.ended:
		return nil
	case p.handle == nil:
		return errors.New("its process is not visible from here")
	}
	if err := p.handle.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// isAlive reports false, too, if that cannot be seen.
func (p *process) isAlive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.handle != nil && !p.ended && p.handle.Signal(syscall.Signal(0)) == nil
}

// hasEnded asks the kernel. It reports false, too, if that cannot be seen.
func (p *process) hasEnded() bool { return p.watch.Ended() }

// release says that the process has ended, or that nobody will kill it any more.
func (p *process) release() {
	p.watch.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.handle != nil && !p.ended {
		_ = p.handle.Release()
	}
	p.ended = true
}

// memory returns the bytes that the process alone has in memory, without what it shares (proc(5), statm); 0: not known.
func (p *process) memory() int64 {
	if p.pid == 0 {
		return 0
	}
	text, err := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text)
	if len(fields) < 3 {
		return 0
	}
	resident, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	shared, _ := strconv.ParseInt(string(fields[2]), 10, 64)
	return (resident - shared) * int64(os.Getpagesize())
}
