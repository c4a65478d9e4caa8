// Package phphandlers is the PHP half of wsbridge and the demo application, embedded.
package phphandlers

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Entry is the entry script's name within the unpacked folder.
const Entry = "wsbridge.php"

//go:embed wsbridge.php src/*.php functions/*.php
var half embed.FS

//go:embed demo
var demo embed.FS

// Unpack writes the PHP half into dir, which must exist. The files can be read by everybody who can reach dir.
func Unpack(dir string) error { return unpack(half, dir) }

// UnpackDemo writes the demo application into dir, which must exist.
func UnpackDemo(dir string) error {
	sub, err := fs.Sub(demo, "demo")
	if err != nil {
		return err
	}
	return unpack(sub, dir)
}

// DemoPage is the page of the demo.
func DemoPage() ([]byte, error) { return demo.ReadFile("demo/index.html") }

func unpack(files fs.FS, dir string) error {
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, name)
		if entry.IsDir() {
			return makeDir(target)
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return writeFile(target, content)
	})
	if err != nil {
		return fmt.Errorf("unpack php files: %w", err)
	}
	return nil
}

func makeDir(path string) error {
	const mode = 0o755
	if err := os.Mkdir(path, mode); err != nil && !os.IsExist(err) {
		return err
	}
	return nil
}

// writeFile gives the file its mode whatever the umask: php-fpm's workers are another user.
func writeFile(path string, content []byte) error {
	const mode = 0o644
	if err := os.WriteFile(path, content, mode); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}
