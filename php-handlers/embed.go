// Package phphandlers carries the PHP half of wsbridge: the entry script that php-fpm runs for each event, the functions
// that handlers call, the web side's pipe client and a demo application.
package phphandlers

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Preload is a script for opcache.preload, below the folder given to Unpack. It only saves time.
const Preload = "src/preload.php"

// Entry is the script that php-fpm runs, below the folder given to Unpack.
const Entry = "wsbridge.php"

// The demo application, below the folder given to Unpack.
const (
	DemoEvents = "demo/push_server_events.php"
	demoPage   = "demo/page"
)

//go:embed *.php src/*.php src/Analysis/*.php demo
var files embed.FS

// Unpack writes the PHP half into dir, which it makes if need be, replacing what is there. Everybody may read the files:
// who may reach them is decided by dir's own mode, which is left as it is.
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

// makeFolder makes a folder that everybody may enter, whatever the umask; one that exists stays as it is.
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
	if err != nil {
		return err
	}
	if err := os.WriteFile(target, content, 0o644); err != nil {
		return err
	}
	return os.Chmod(target, 0o644) // php-fpm runs as another user, and the umask may be narrow
}

// DemoPage returns the demo's page: index.html and what it needs, and nothing of the application.
func DemoPage() fs.FS {
	page, err := fs.Sub(files, demoPage)
	if err != nil {
		panic(err) // the name is valid, and nothing else is looked at
	}
	return page
}
