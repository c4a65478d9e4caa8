package fifo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openFlags: both ends, so that neither open nor write nor read depends on another process (fifo(7));
// non-blocking, so that Go's poller waits; never through a symbolic link somebody put in place.
const openFlags = os.O_RDWR | syscall.O_NONBLOCK | syscall.O_NOFOLLOW

// makeOwn makes a pipe at path with exactly the mode, opens and locks it, and returns it with the number
// of bytes that a stale pipe in its place held. The caller closes the file.
func makeOwn(path string, mode fs.FileMode) (_ *os.File, stale int64, err error) {
	if stale, err = clearPath(path); err != nil {
		return nil, 0, err
	}
	// For others only once the mode is right.
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return nil, 0, os.NewSyscallError("mkfifo", err)
	}
	f, err := os.OpenFile(path, openFlags, 0)
	if err != nil {
		return nil, 0, err
	}
	if err := claim(path, f, mode); err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, stale, nil
}

// claim locks the pipe, gives it its mode, and makes sure that it is the one at path. Until the lock is
// taken somebody else may have put something of theirs there, which is not ours to remove.
func claim(path string, f *os.File, mode fs.FileMode) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeNamedPipe {
		return notPipe(info)
	}
	if err := lock(f); err != nil {
		return err
	}
	// chmod(2) is not subject to the umask, as mkfifo(2) is.
	if err := f.Chmod(mode); err != nil {
		return errors.Join(err, removeOwn(path, f))
	}
	if !isAt(path, f) {
		return ErrInUse
	}
	return nil
}

// clearPath removes a stale pipe and returns how many bytes it held. Nothing there is fine too.
func clearPath(path string) (int64, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if info.Mode().Type() != fs.ModeNamedPipe {
		return 0, notPipe(info)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrPermission) {
		// Another user's pipe: it cannot be looked into, and the directory decides who may remove it.
		return 0, unlink(path)
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return retire(path, f)
}

// retire removes the stale pipe f from path, then reads it empty.
func retire(path string, f *os.File) (int64, error) {
	if held, err := locked(f); err != nil || held {
		return 0, errors.Join(err, inUse(held))
	}
	if !isAt(path, f) {
		return 0, ErrInUse
	}
	if err := unlink(path); err != nil {
		return 0, err
	}
	src, err := newPipeSource(f)
	if err != nil {
		return 0, err
	}
	return discard(src), nil
}

func inUse(held bool) error {
	if held {
		return ErrInUse
	}
	return nil
}

// removeOwn removes path if it still is the pipe f. The device and inode of an open file are not reused,
// so another server's pipe is never taken for it.
func removeOwn(path string, f *os.File) error {
	if !isAt(path, f) {
		return nil
	}
	return unlink(path)
}

func isAt(path string, f *os.File) bool {
	there, err := os.Lstat(path)
	if err != nil {
		return false
	}
	here, err := f.Stat()
	return err == nil && os.SameFile(there, here)
}

// unlink, unlike os.Remove, never removes a directory.
func unlink(path string) error {
	if err := syscall.Unlink(path); err != nil && err != syscall.ENOENT {
		return os.NewSyscallError("unlink", err)
	}
	return nil
}

func notPipe(info fs.FileInfo) error {
	return fmt.Errorf("%w: it is a %s, which is left in place", ErrNotPipe, kind(info.Mode()))
}

func kind(m fs.FileMode) string {
	switch m.Type() {
	case 0:
		return "regular file"
	case fs.ModeDir:
		return "directory"
	case fs.ModeSymlink:
		return "symbolic link"
	case fs.ModeSocket:
		return "socket"
	case fs.ModeDevice, fs.ModeDevice | fs.ModeCharDevice:
		return "device"
	}
	return "file of type " + m.Type().String()
}
