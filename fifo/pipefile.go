package fifo

import (
	"errors"
	"io/fs"
	"os"
)

// pipeFile is a named pipe with both of its ends open: writers never wait for a reader, and the reader meets no end of file before retire.
type pipeFile struct {
	reading *os.File
	writing *os.File // has the lock; nothing is written to it; nil: retired in the process before this one
	count   *writerCount
	source  source      // over reading
	perm    fs.FileMode // as it was after the last chmod
}

// openBoth opens the pipe at path.
func openBoth(path string) (*pipeFile, error) {
	reading, err := openPipe(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	writing, err := openPipe(path, os.O_WRONLY)
	if err != nil {
		return nil, errors.Join(err, reading.Close())
	}
	return &pipeFile{reading: reading, writing: writing}, nil
}

// chmod changes the permissions. Some file systems do not keep all of them.
func (f *pipeFile) chmod(mode fs.FileMode) error {
	if err := f.reading.Chmod(mode); err != nil { // chmod(2) does not apply the umask, as mkfifo(2) does
		return err
	}
	info, err := f.reading.Stat()
	if err != nil {
		return err
	}
	f.perm = info.Mode().Perm()
	return nil
}

// retire lets the reader meet the end of file, once all writers have left, and gives up the lock.
func (f *pipeFile) retire() { _ = f.writing.Close() }

// close may be called after retire.
func (f *pipeFile) close() error {
	f.count.close()
	err := f.reading.Close()
	if f.writing == nil {
		return err
	}
	if closing := f.writing.Close(); !errors.Is(closing, os.ErrClosed) {
		err = errors.Join(err, closing)
	}
	return err
}
