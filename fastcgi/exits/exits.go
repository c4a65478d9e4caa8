// Package exits tells when a process that is no child of ours ends. The end of a connection does not tell that: a program that the process
// has left in the background may hold the connection open. Its functions may be called concurrently.
package exits

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Watch is of one process. The caller stops it.
type Watch struct {
	handle *os.File
	raw    syscall.RawConn // of handle
	done   chan struct{}   // closed when ended will not be called any more
}

// Start calls ended once, on a goroutine of its own, when the process of that id has ended, unless Stop is called before. It fails if there
// is no such process.
func Start(pid int, ended func()) (*Watch, error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK) // the id cannot come to mean another process
	if err != nil {
		return nil, fmt.Errorf("watch process %d: %w", pid, err)
	}
	w := &Watch{handle: os.NewFile(uintptr(fd), "pidfd"), done: make(chan struct{})}
	if w.raw, err = w.handle.SyscallConn(); err != nil {
		w.handle.Close()
		return nil, fmt.Errorf("watch process %d: %w", pid, err)
	}
	go func() {
		defer close(w.done)
		if w.raw.Read(hasEnded) == nil {
			ended()
		}
	}()
	return w, nil
}

// hasEnded is called again when the handle has become readable.
func hasEnded(fd uintptr) bool {
	fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds[:], 0)
	return n > 0 && err == nil
}

// Ended reports whether the process has ended. It does not block, and is false after Stop; w may be nil.
func (w *Watch) Ended() (ended bool) {
	if w == nil {
		return false
	}
	_ = w.raw.Control(func(fd uintptr) { ended = hasEnded(fd) }) // it fails after Stop
	return ended
}

// Stop waits until ended does not run. It may be called again; w may be nil.
func (w *Watch) Stop() {
	if w != nil {
		w.handle.Close()
		<-w.done
	}
}
