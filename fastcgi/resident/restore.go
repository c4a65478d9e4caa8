package resident

import (
	"fmt"
	"os"
)

// Missing returns the path of a file in Config.Dir that the lane needs and that somebody has removed; empty: all are there.
func (l *Lane) Missing() string {
	for _, path := range []string{l.listener.path, l.folder.lifePath()} {
		if isMissing(path) {
			return path
		}
	}
	return ""
}

// Restore makes anew what is missing, in Config.Dir, which must exist. Workers that are connected go on. It must not be called concurrently
// with itself or Close.
func (l *Lane) Restore() error {
	if isMissing(l.listener.path) {
		if err := l.listener.open(); err != nil {
			return fmt.Errorf("listen for resident workers: %w", err)
		}
	}
	if isMissing(l.folder.lifePath()) {
		return l.folder.open()
	}
	return nil
}

func isMissing(path string) bool {
	_, err := os.Lstat(path)
	return os.IsNotExist(err)
}
