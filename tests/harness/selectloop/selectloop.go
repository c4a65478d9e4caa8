// Package selectloop has a push server in one PHP process, in the *.php files here: one loop around stream_select that runs
// one event at a time. It stands for the server that wsbridge replaces: tests ask it what handlers may rely on, and
// measurements compare with it.
package selectloop

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

//go:embed *.php
var files embed.FS

// Command writes the server into a folder of its own in dir and returns the command that runs it with a legacy settings
// file. A turn of its loop waits up to poll for something to read; if poll is 0, WEBSOCKET_SELECT_TIMEOUT of the settings
// decides. The server writes lines of JSON to its error stream, one of which has the message "listening" and its address.
// SIGTERM ends it with status 0.
func Command(dir, settings string, poll time.Duration) (*exec.Cmd, error) {
	php, err := interpreter()
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(dir, "selectloop")
	if err := errors.Join(os.RemoveAll(folder), os.CopyFS(folder, files)); err != nil {
		return nil, fmt.Errorf("write the select loop: %w", err)
	}
	args := []string{filepath.Join(folder, "server.php"), settings}
	if poll > 0 {
		args = append(args, strconv.FormatInt(poll.Microseconds(), 10))
	}
	return exec.Command(php, args...), nil
}

// interpreter finds PHP's command line.
func interpreter() (string, error) {
	for _, name := range []string{"php", "php8.6", "php8.5", "php8.4", "php8.3", "php8.2", "php8.1", "php8.0", "php7.4"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("find php: it is not installed; .ci/install lint installs it")
}
