package serve

import (
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// removeAbandoned removes the run-time folders in parent that servers of this user have left, which were killed.
func removeAbandoned(parent string, log *slog.Logger) {
	entries, _ := os.ReadDir(parent) // without them, to make our own folder fails, too
	for _, entry := range entries {
		number, isOurs := strings.CutPrefix(entry.Name(), runDirName)
		if _, err := strconv.ParseUint(number, 10, 64); err != nil || !isOurs || !entry.IsDir() {
			continue
		}
		dir := filepath.Join(parent, entry.Name())
		removed, err := removeIfAbandoned(dir)
		switch {
		case err != nil:
			log.Warn("the run-time folder of a server that was killed cannot be removed", "folder", dir, "error", err)
		case removed:
			log.Info("the run-time folder of a server that was killed was removed", "folder", dir)
		}
	}
}

// removeIfAbandoned looks at the lock, and leaves a folder alone that has none, or belongs to somebody else.
func removeIfAbandoned(dir string) (removed bool, err error) {
	info, err := os.Lstat(dir)
	if err != nil || info.Sys().(*syscall.Stat_t).Uid != uint32(os.Geteuid()) {
		return false, nil
	}
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false, nil
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return false, nil
	}
	return true, os.RemoveAll(dir) // which follows no symbolic links
}
