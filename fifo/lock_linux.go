package fifo

import (
	"os"
	"syscall"
)

// The commands of open file description locks (fcntl(2), Linux 3.15), which package syscall does not name.
// Such a lock ends with the file, however the process ends. It is independent of flock(2), which is left to writers.
const (
	ofdGetLock = 36
	ofdSetLock = 37
)

// lock marks the pipe as held by this process for as long as f is open, or fails with ErrInUse.
func lock(f *os.File) error {
	err := fcntlLock(f, ofdSetLock, &syscall.Flock_t{Type: syscall.F_WRLCK})
	if err == syscall.EAGAIN || err == syscall.EACCES {
		return ErrInUse
	}
	return os.NewSyscallError("fcntl", err)
}

// locked tells whether another open file holds the lock. f may be open for reading only.
func locked(f *os.File) (bool, error) {
	l := syscall.Flock_t{Type: syscall.F_RDLCK}
	if err := fcntlLock(f, ofdGetLock, &l); err != nil {
		return false, os.NewSyscallError("fcntl", err)
	}
	return l.Type != syscall.F_UNLCK, nil
}

func fcntlLock(f *os.File, command int, l *syscall.Flock_t) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	controlErr := raw.Control(func(fd uintptr) { err = syscall.FcntlFlock(fd, command, l) })
	if controlErr != nil {
		return controlErr
	}
	return err
}
