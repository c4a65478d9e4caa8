package fifo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// openPipe never follows a symbolic link that somebody put in place, and is non-blocking, so that Go's poller waits.
func openPipe(path string, access int) (*os.File, error) {
	return os.OpenFile(path, access|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
}

// makePipe makes a pipe at path, where nothing is, with exactly the mode and the owner of like, unless that is nil. It opens and locks it.
// The caller closes it. It gets its name last: what is written to a pipe that nobody has open yet is lost when its writer closes it. The
// error wraps fs.ErrExist if there is something.
func makePipe(path string, mode fs.FileMode, like *pipeFile) (*pipeFile, error) {
	hidden := fmt.Sprintf("%s.new-%d", path, os.Getpid())
	if err := unlink(hidden); err != nil {
		return nil, err
	}
	if err := unix.Mkfifo(hidden, 0o600); err != nil {
		return nil, os.NewSyscallError("mkfifo", err)
	}
	f, err := openBoth(hidden)
	if err != nil {
		return nil, errors.Join(err, unlink(hidden))
	}
	f.count = countWriters(hidden)
	f.source = pipeSource{f.reading, f.count}
	err = f.prepare(mode, like)
	if err == nil {
		err = os.Link(hidden, path) // unlike rename(2), it replaces nothing
	}
	if err = errors.Join(err, unlink(hidden)); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// prepare locks the pipe and sets its owner and mode.
func (f *pipeFile) prepare(mode fs.FileMode, like *pipeFile) error {
	if err := lock(f.writing); err != nil {
		return err
	}
	if like != nil {
		_ = f.giveTo(like.reading) // an operator gave that one away, which we may not be allowed to do
	}
	return f.chmod(mode)
}

// attempts is how often the path is cleared because somebody has made something there meanwhile.
const attempts = 10

// putPipe clears the path and makes a pipe there. It returns what it has taken away, also if it fails. The caller closes all of it.
func putPipe(c *Config, like *pipeFile) (found []taken, f *pipeFile, err error) {
	for range attempts {
		var t taken
		if t, err = takeAway(c.Path, c.SetAside); err != nil {
			return found, nil, err
		}
		if t.Fault != Removed || len(found) == 0 {
			found = append(found, t)
		}
		if f, err = makePipe(c.Path, c.Mode, like); !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if len(found) > 1 && found[0].Fault == Removed {
		found = found[1:]
	}
	return found, f, err
}

// giveTo gives the pipe the owner of like.
func (f *pipeFile) giveTo(like *os.File) error {
	info, err := f.reading.Stat()
	if err != nil {
		return err
	}
	other, err := like.Stat()
	if err != nil {
		return err
	}
	has, wants := info.Sys().(*syscall.Stat_t), other.Sys().(*syscall.Stat_t)
	if has.Uid == wants.Uid && has.Gid == wants.Gid {
		return nil
	}
	return f.reading.Chown(int(wants.Uid), int(wants.Gid))
}

// taken is what takeAway has found in place of a pipe of ours.
type taken struct {
	Mended
	file *os.File // to be read and closed; nil: there is nothing to read
}

// takeAway clears the path: it removes a pipe that no process holds, and renames a plain file if setAside is set. Anything else is an error
// and stays.
func takeAway(path string, setAside bool) (taken, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return taken{Mended: Mended{Fault: Removed}}, nil
	case err != nil:
		return taken{}, err
	case info.Mode().IsRegular() && setAside:
		return takeFile(path)
	case info.Mode().Type() != fs.ModeNamedPipe:
		return taken{}, notPipe(info)
	}
	f, err := openPipe(path, os.O_RDONLY)
	switch {
	case errors.Is(err, fs.ErrPermission): // another user's pipe cannot be examined; the directory decides who may remove it
		return taken{Mended: Mended{Fault: Replaced}}, unlink(path)
	case err != nil:
		return taken{}, err
	}
	if err = checkUnlocked(f); err == nil && !isAt(path, f) {
		err = ErrInUse
	}
	if err == nil {
		err = unlink(path)
	}
	if err != nil {
		return taken{}, errors.Join(err, f.Close())
	}
	return taken{Mended{Fault: Replaced}, f}, nil
}

// takeFile renames a plain file to a name that tells when that was.
func takeFile(path string) (taken, error) {
	aside := path + ".aside-" + time.Now().Format("20060102-150405.000")
	if err := os.Rename(path, aside); err != nil {
		return taken{}, err
	}
	t := taken{Mended: Mended{PlainFile, aside}}
	if f, err := openPipe(aside, os.O_RDONLY); err == nil { // who wrote it may have let nobody read it
		t.file = f
	}
	return t, nil
}

// removePipe removes path if it still is the pipe f. The device and inode of an open file are not reused,
// so another server's pipe is never taken for it.
func removePipe(path string, f *pipeFile) error {
	if !isAt(path, f.reading) {
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
