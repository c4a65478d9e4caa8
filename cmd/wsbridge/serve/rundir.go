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
	path     string
	presence *fastcgi.Presence
	started  int // how many php-fpms of wsbridge's own have been started; start is called by one goroutine at a time
}

// openRunDir makes the folder. The caller closes it once every php-fpm has ended.
func openRunDir(cfg *config.PHP) (*runDir, error) {
	path, err := MakeRunDir(cfg)
	if err != nil {
		return nil, err
	}
	d := &runDir{path: path}
	err = phphandlers.Unpack(path)
	if err == nil {
		d.presence, err = fastcgi.CreatePresence(d.presenceFile())
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	return d, nil
}

func (d *runDir) presenceFile() string { return filepath.Join(d.path, "presence") }

func (d *runDir) close() error { return errors.Join(d.presence.Close(), os.RemoveAll(d.path)) }

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

// MakeRunDir makes a run-time folder that php-fpm's workers can enter. The caller removes it.
func MakeRunDir(cfg *config.PHP) (path string, err error) {
	return makeRunDir(cfg.RunDir, runDirMode(cfg))
}

// makeRunDir makes a folder under a name that nobody can guess, in parent, else in the folder that systemd made for the service
// (RuntimeDirectory=), else among the temporary files, where old ones may be removed (tmpfiles.d(5)).
func makeRunDir(parent string, mode os.FileMode) (path string, err error) {
	if parent == "" {
		parent, _, _ = strings.Cut(os.Getenv("RUNTIME_DIRECTORY"), ":")
	}
	dir, err := os.MkdirTemp(parent, "wsbridge-")
	if err != nil {
		return "", fmt.Errorf("make run-time folder: %w", err)
	}
	if err := os.Chmod(dir, mode); err != nil {
		return "", errors.Join(fmt.Errorf("make run-time folder: %w", err), os.RemoveAll(dir))
	}
	return dir, nil
}
