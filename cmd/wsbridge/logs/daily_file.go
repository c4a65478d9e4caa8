package logs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// appendShared appends to a file that php-fpm's user appends to as well. The folder may belong to that user, so a link, a pipe or a
// device in the file's place is refused.
func appendShared(path string, text []byte) error {
	const flags = os.O_WRONLY | os.O_APPEND | syscall.O_NOFOLLOW | syscall.O_NONBLOCK
	f, err := os.OpenFile(path, flags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = createShared(path, flags)
	}
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	if err == nil {
		_, err = f.Write(text)
	}
	return errors.Join(err, f.Close())
}

// createShared creates the file with the permissions that the original and the PHP half give it; neither has a umask.
func createShared(path string, flags int) (*os.File, error) {
	const everybody = 0o666
	f, err := os.OpenFile(path, flags|os.O_CREATE|os.O_EXCL, everybody)
	if errors.Is(err, fs.ErrExist) { // the PHP half was faster
		return os.OpenFile(path, flags, 0)
	}
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(everybody); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
