package serve

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockName is the file in a run-time folder whose lock says that its server lives. The kernel gives it up, however the server ends.
const lockName = "lock"

// lockedFolder is a run-time folder that this server holds.
type lockedFolder struct {
	path string
	mode os.FileMode
	lock *os.File
}

// newLockedFolder makes one in parent. The caller removes it.
func newLockedFolder(parent string, mode os.FileMode) (*lockedFolder, error) {
	path, err := makeRunDir(parent, mode)
	if err != nil {
		return nil, err
	}
	lock, err := lockFolder(path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make run-time folder: %w", err), os.RemoveAll(path))
	}
	return &lockedFolder{path, mode, lock}, nil
}

// isThere reports whether the folder at the path is still the one that is locked.
func (f *lockedFolder) isThere() bool {
	there, err := os.Lstat(filepath.Join(f.path, lockName))
	if err != nil {
		return false
	}
	here, err := f.lock.Stat()
	return err == nil && os.SameFile(there, here)
}

// restore makes the folder and its lock anew, at the same path, unless they are there.
func (f *lockedFolder) restore() error {
	if f.isThere() {
		return nil
	}
	err := os.MkdirAll(filepath.Dir(f.path), 0o755) // systemd's folder may have gone with it
	if err == nil {
		err = os.Mkdir(f.path, f.mode)
	}
	if err == nil || os.IsExist(err) {
		err = os.Chmod(f.path, f.mode)
	}
	if err != nil {
		return fmt.Errorf("make run-time folder: %w", err)
	}
	lock, err := lockFolder(f.path)
	if err != nil {
		return fmt.Errorf("make run-time folder: %w", err)
	}
	f.lock.Close()
	f.lock = lock
	return nil
}

func (f *lockedFolder) remove() error { return errors.Join(os.RemoveAll(f.path), f.lock.Close()) }

// lockFolder creates the locked file, which gets its name last: another server takes a folder for abandoned that has one without a lock.
func lockFolder(dir string) (*os.File, error) {
	hidden := filepath.Join(dir, lockName+".new")
	f, err := os.OpenFile(hidden, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		err = os.Rename(hidden, filepath.Join(dir, lockName))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
