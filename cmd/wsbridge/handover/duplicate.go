package handover

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// Duplicated is a copy of a descriptor, for Message.Files, so that the original can be closed while the copy is sent.
type Duplicated int

// Duplicate copies the descriptor with which control calls its argument, which is valid only during that call. The caller closes the copy. The error
// is control's, for instance of a socket that is closed, or that of dup(2).
func Duplicate(control func(f func(fd uintptr)) error) (Duplicated, error) {
	var d int
	var dupErr error
	err := control(func(fd uintptr) { d, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	return Duplicated(d), errors.Join(err, dupErr)
}

// Close closes the copy.
func (d Duplicated) Close() { _ = unix.Close(int(d)) }

// SyscallConn implements syscall.Conn.
func (d Duplicated) SyscallConn() (syscall.RawConn, error) { return d, nil }

// Control implements syscall.RawConn.
func (d Duplicated) Control(f func(fd uintptr)) error {
	f(uintptr(d))
	return nil
}

// Read implements syscall.RawConn; nobody waits for it.
func (Duplicated) Read(func(fd uintptr) bool) error { return errors.ErrUnsupported }

// Write implements syscall.RawConn.
func (Duplicated) Write(func(fd uintptr) bool) error { return errors.ErrUnsupported }
