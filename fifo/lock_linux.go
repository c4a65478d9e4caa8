package fifo

import (
	"os"

	"golang.org/x/sys/unix"
)

// The pipe's lock is that of an open file description (fcntl(2), Linux 3.15): it ends with the file, however the process ends, and does not
// conflict with flock(2), which writers may use.

// lock marks the pipe as held by this process for as long as f is open, or fails with ErrInUse.
func lock(f *os.File) error {
	err := withDescriptor(f, func(fd uintptr) error {
		return unix.FcntlFlock(fd, unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
	})
	if err == unix.EAGAIN || err == unix.EACCES {
		return ErrInUse
	}
	return os.NewSyscallError("fcntl", err)
}

// checkUnlocked returns ErrInUse if another open file holds the lock. f may be open for reading only.
func checkUnlocked(f *os.File) error {
	l := unix.Flock_t{Type: unix.F_RDLCK}
	err := withDescriptor(f, func(fd uintptr) error { return unix.FcntlFlock(fd, unix.F_OFD_GETLK, &l) })
	if err == nil && l.Type != unix.F_UNLCK {
		return ErrInUse
	}
	return os.NewSyscallError("fcntl", err)
}
