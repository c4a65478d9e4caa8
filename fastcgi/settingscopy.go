package fastcgi

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/wsbridge/wsbridge/protocol"
)

// copySettings writes the settings of d to a file that its workers can read, and returns the file's path; empty: no copy was made. It removes
// the file that it has written before.
func (c *Client) copySettings(d *protocol.Description) string {
	source := d.Settings
	d.Settings = nil // has passwords
	c.copying.Lock()
	defer c.copying.Unlock()
	before := c.settings
	path, err := writeSettings(c.cfg.SettingsCopies, source, d)
	if err != nil {
		c.cfg.Logger.Warn("no copy of the settings is made: PHP reads them for every event", "error", err)
	}
	if before != "" && before != path {
		_ = os.Remove(before) // a PHP that misses it reads the settings themselves
	}
	c.settings = path
	return path
}

// SettingsCopy returns the path of the copy of the settings; empty: no copy.
func (c *Client) SettingsCopy() string {
	c.copying.Lock()
	defer c.copying.Unlock()
	return c.settings
}

// writeSettings names the file for its content: opcache may not notice that a file has changed.
func writeSettings(dir string, source []byte, d *protocol.Description) (path string, err error) {
	if dir == "" || len(source) == 0 || !d.Presence {
		return "", nil
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil { // PHP sees it so
		return "", err
	}
	path = filepath.Join(dir, fmt.Sprintf("settings-%x.php", sha256.Sum256(source)))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	f, err := os.CreateTemp(dir, "settings-") // mode 0600
	if err != nil {
		return "", err
	}
	defer f.Close()
	if _, err = f.Write(source); err == nil {
		err = giveToWorkers(f, d.UID)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return path, nil
}

// giveToWorkers lets only php-fpm's user read f. If this program does not run as root, that is its own user or one of its group.
func giveToWorkers(f *os.File, uid *int) error {
	if os.Geteuid() != 0 {
		return f.Chmod(0o640)
	}
	if uid == nil {
		return errors.New("PHP cannot tell its user, to whom the copy would be given (posix_geteuid)")
	}
	return f.Chown(*uid, -1)
}
