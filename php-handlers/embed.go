// Package phphandlers embeds the PHP half of wsbridge: the entry script that php-fpm runs for each request, the functions that
// handlers call, what web applications use to reach the pipe and the control API, and a demo application.
package phphandlers

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Preload is a script for opcache.preload, relative to the folder given to Unpack. It saves time and changes nothing else.
const Preload = "src/preload.php"

// Entry is the script that php-fpm runs, relative to the folder given to Unpack.
const Entry = "wsbridge.php"

// loadFile requires the classes that every event needs.
const loadFile = "src/load.php"

// The demo application. DemoEvents is relative to the folder given to Unpack.
const (
	DemoEvents = "demo/push_server_events.php"
	demoPage   = "demo/page"
)

//go:embed *.php src/*.php src/Analysis/*.php demo
var files embed.FS

// Unpack writes the PHP half into dir and replaces existing files. It makes dir if it does not exist, and otherwise leaves its
// mode as it is. All users may read the files; dir's mode decides who can reach them.
func Unpack(dir string) error {
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(name))
		if entry.IsDir() {
			return makeFolder(target)
		}
		return writeFile(target, name)
	})
	if err != nil {
		return fmt.Errorf("unpack php half: %w", err)
	}
	return nil
}

// Missing returns the path of a file that Unpack has written into dir and that is not there any more; empty: all are there.
func Missing(dir string) (path string) {
	_ = fs.WalkDir(files, ".", func(name string, _ fs.DirEntry, err error) error {
		target := filepath.Join(dir, filepath.FromSlash(name))
		if _, statErr := os.Lstat(target); err == nil && statErr != nil {
			path, err = target, fs.SkipAll
		}
		return err
	})
	return path
}

// makeFolder makes a folder that all users may enter, whatever the umask. It leaves an existing folder as it is.
func makeFolder(target string) error {
	err := os.Mkdir(target, 0o755)
	if os.IsExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.Chmod(target, 0o755)
}

func writeFile(target, name string) error {
	content, err := files.ReadFile(name)
	if err == nil && name == loadFile {
		content, err = joined(content)
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(target, content, 0o644); err != nil {
		return err
	}
	return os.Chmod(target, 0o644) // php-fpm may run as another user, and the umask may be strict
}

// DemoPage returns the files of the demo's web page, without the application.
func DemoPage() fs.FS {
	page, err := fs.Sub(files, demoPage)
	if err != nil {
		panic(err) // the name is valid, and Sub checks nothing else
	}
	return page
}
