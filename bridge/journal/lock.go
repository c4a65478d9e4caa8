package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// format is the number of what this package writes, and the highest that it reads. Format 1 had no places.
const format = 2

// lock is the locked file that says who holds the folder: a process, and the boot of the machine in which it has written.
type lock struct {
	file     *os.File
	used     bool // a process has opened the journal before
	rebooted bool // the machine may have started anew since the process before has written
}

// acquire locks a folder for this process.
func acquire(dir string) (*lock, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock journal: %w", err)
	}
	text := make([]byte, 256)
	n, _ := f.ReadAt(text, 0)
	pid, boot, _ := strings.Cut(strings.TrimSpace(string(text[:n])), " ")
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			holder, _ := strconv.Atoi(pid)
			return nil, &InUse{dir, holder}
		}
		return nil, fmt.Errorf("lock journal %s: %w", dir, err)
	}
	return &lock{file: f, used: pid != "", rebooted: boot == "" || boot != bootID()}, nil
}

// write names this process as the holder.
func (l *lock) write() error {
	text := fmt.Appendf(nil, "%d %s\n", os.Getpid(), bootID())
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("lock journal: %w", err)
	}
	if _, err := l.file.WriteAt(text, 0); err != nil {
		return fmt.Errorf("lock journal: %w", err)
	}
	return nil
}

func (l *lock) release() error { return l.file.Close() }

// bootID returns a text that is another one after each start of the machine, or "".
func bootID() string {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text))
}

// prepareFormat returns the format of the journal in a folder, and writes it in an empty one.
func prepareFormat(dir string) (has int, err error) {
	has, err = readFormat(dir)
	if errors.Is(err, os.ErrNotExist) {
		return format, createFormat(dir)
	}
	return has, err
}

// readFormat returns the format of the journal in a folder, if it is known here. The error is os.ErrNotExist if there is none.
func readFormat(dir string) (has int, err error) {
	path := filepath.Join(dir, formatName)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read journal: %w", err)
	}
	has, err = strconv.Atoi(strings.TrimSpace(string(text)))
	switch {
	case err != nil || has < 1:
		return 0, &Damaged{path, fmt.Sprintf("want a number, got %.20q", text)}
	case has > format:
		return 0, &WrongFormat{dir, has, format}
	}
	return has, nil
}

// createFormat refuses a folder with files that are not a journal's.
func createFormat(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read journal: %w", err)
	}
	for _, e := range entries {
		if n := e.Name(); n != lockName && n != ballastName && n != newFormatName {
			return fmt.Errorf("make journal: %s is not empty and not a journal: it has %q", dir, n)
		}
	}
	return writeFormat(dir)
}

const newFormatName = formatName + ".new"

func writeFormat(dir string) error {
	path, temporary := filepath.Join(dir, formatName), filepath.Join(dir, newFormatName)
	if err := writeSynced(temporary, strconv.Itoa(format)+"\n"); err != nil {
		return fmt.Errorf("make journal: %w", err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("make journal: %w", err)
	}
	return syncFolder(dir)
}

func writeSynced(path, text string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
