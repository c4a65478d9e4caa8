package serve

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/fastcgi"
	phphandlers "github.com/wsbridge/wsbridge/php-handlers"
)

// runDir is the run-time folder: it holds the unpacked PHP half, and the file that tells handlers which clients are open. It outlives
// each php-fpm, since the events of a client carry its path.
type runDir struct {
	*lockedFolder
	presence *fastcgi.Presence
	started  int // how many php-fpms of wsbridge's own have been started; start is called by one goroutine at a time
}

// openRunDir makes the folder. The caller closes it once every php-fpm has ended.
func openRunDir(cfg *config.PHP) (*runDir, error) {
	folder, err := newLockedFolder(runDirParent(cfg), runDirMode(cfg))
	if err != nil {
		return nil, err
	}
	d := &runDir{lockedFolder: folder}
	err = phphandlers.Unpack(d.path)
	if err == nil {
		d.presence, err = fastcgi.CreatePresence(d.presenceFile())
	}
	if err != nil {
		return nil, errors.Join(err, d.remove())
	}
	return d, nil
}

// missing returns the path of something that somebody has removed; empty: all is there.
func (d *runDir) missing() string {
	switch {
	case !d.isThere():
		return d.path
	case !d.presence.IsThere():
		return d.presenceFile()
	}
	return phphandlers.Missing(d.path)
}

// restore makes anew what is missing.
func (d *runDir) restore() error {
	if err := d.lockedFolder.restore(); err != nil {
		return err
	}
	if phphandlers.Missing(d.path) != "" {
		if err := phphandlers.Unpack(d.path); err != nil {
			return err
		}
	}
	if d.presence.IsThere() {
		return nil
	}
	return d.presence.Restore()
}

func (d *runDir) presenceFile() string { return filepath.Join(d.path, "presence") }

func (d *runDir) close() error { return errors.Join(d.presence.Close(), d.remove()) }

// Who may enter a run-time folder; none of these modes shows the names in it to others.
const (
	ownerEnters = 0o700
	groupEnters = 0o710
	allEnter    = 0o711
)

// runDirMode lets php-fpm's workers reach the PHP half. They are another user if wsbridge runs as root. They are too if php-fpm is not
// wsbridge's own, and then at best they share its group.
func runDirMode(cfg *config.PHP) os.FileMode {
	switch {
	case os.Geteuid() == 0:
		return allEnter
	case cfg.External():
		return groupEnters
	}
	return ownerEnters
}

// MakeRunDir makes a run-time folder that php-fpm's workers can enter. The caller calls remove.
func MakeRunDir(cfg *config.PHP) (path string, remove func() error, err error) {
	f, err := newLockedFolder(runDirParent(cfg), runDirMode(cfg))
	if err != nil {
		return "", nil, err
	}
	return f.path, f.remove, nil
}

// runDirParent returns the folder for run-time folders: the configured one, else that which systemd made for the service
// (RuntimeDirectory=), else that of temporary files, where old ones may be removed (tmpfiles.d(5)).
func runDirParent(cfg *config.PHP) string {
	if cfg.RunDir != "" {
		return cfg.RunDir
	}
	if parent, _, _ := strings.Cut(os.Getenv("RUNTIME_DIRECTORY"), ":"); parent != "" {
		return parent
	}
	return os.TempDir()
}

// runDirName is how the names of run-time folders begin; a number follows.
const runDirName = "wsbridge-"

// makeRunDir makes a folder in parent under a name that nobody can guess.
func makeRunDir(parent string, mode os.FileMode) (path string, err error) {
	dir, err := os.MkdirTemp(parent, runDirName)
	if err != nil {
		return "", fmt.Errorf("make run-time folder: %w", err)
	}
	if err := os.Chmod(dir, mode); err != nil {
		return "", errors.Join(fmt.Errorf("make run-time folder: %w", err), os.RemoveAll(dir))
	}
	return dir, nil
}
