package fifo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// openPipe never follows a symbolic link that somebody put in place, and is non-blocking, so that Go's poller waits.
func openPipe(path string, access int) (*os.File, error) {
	return os.OpenFile(path, access|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
}

// makePipe makes a pipe at path with exactly the mode, opens and locks it, and returns it with the number
// of bytes that a stale pipe in its place held. The caller closes the file.
func makePipe(path string, mode fs.FileMode) (_ *os.File, stale int64, err error) {
	if stale, err = clearPath(path); err != nil {
		return nil, 0, err
	}
	if err := unix.Mkfifo(path, 0o600); err != nil { // closed to others until the mode is right
		return nil, 0, os.NewSyscallError("mkfifo", err)
	}
	f, err := openPipe(path, os.O_RDWR) // both ends, so that open, write and read never depend on another process (fifo(7))
	if err != nil {
		return nil, 0, err
	}
	if err := claim(path, f, mode); err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, stale, nil
}

// claim locks the pipe, sets its mode, and makes sure that it is the one at path. Before it has the lock, what is at path may be
// another process's, and is not removed.
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
	if err := f.Chmod(mode); err != nil { // chmod(2) does not apply the umask, as mkfifo(2) does
		return errors.Join(err, removePipe(path, f))
	}
	if !isAt(path, f) {
		return ErrInUse
	}
	return nil
}

// clearPath removes a stale pipe, then reads it empty and returns how many bytes it held. An empty path is no error.
func clearPath(path string) (int64, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, err
	case info.Mode().Type() != fs.ModeNamedPipe:
		return 0, notPipe(info)
	}
	f, err := openPipe(path, os.O_RDONLY)
	switch {
	case errors.Is(err, fs.ErrPermission): // another user's pipe cannot be examined; the directory decides who may remove it
		return 0, unlink(path)
	case err != nil:
		return 0, err
	}
	defer f.Close()
	if err := checkUnlocked(f); err != nil {
		return 0, err
	}
	if !isAt(path, f) {
		return 0, ErrInUse
	}
	if err := unlink(path); err != nil {
		return 0, err
	}
	return discard(pipeSource{f}), nil
}

// removePipe removes path if it still is the pipe f. The device and inode of an open file are not reused,
// so another server's pipe is never taken for it.
func removePipe(path string, f *os.File) error {
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
	if err := unix.Unlink(path); err != nil && err != unix.ENOENT {
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
