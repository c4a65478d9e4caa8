package isolation

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/wsbridge/wsbridge/protocol"
)

// Folders is the folder of the events file, as configured and without symbolic links, as PHP names files. People see the paths of files in it
// without it.
type Folders []string

// FoldersOf returns the folders of an events file; none for "".
func FoldersOf(events string) Folders {
	if events == "" {
		return nil
	}
	slash := string(filepath.Separator)
	folders := Folders{strings.TrimSuffix(filepath.Dir(events), slash) + slash}
	if real, err := filepath.EvalSymlinks(events); err == nil {
		folders = append(folders, strings.TrimSuffix(filepath.Dir(real), slash)+slash)
	}
	return folders
}

// Short returns the path relative to the folder if the file is in it.
func (f Folders) Short(path string) string {
	for _, folder := range f {
		if rest, ok := strings.CutPrefix(path, folder); ok {
			return rest
		}
	}
	return path
}

// Position returns "file:line", or "" if there is no file.
func (f Folders) Position(file string, line int) string {
	if file == "" || line == 0 {
		return f.Short(file)
	}
	return fmt.Sprintf("%s:%d", f.Short(file), line)
}

// Cause returns a reason with its place in the code, if it has one.
func (f Folders) Cause(c protocol.Cause) string {
	if at := f.Position(c.File, c.Line); at != "" {
		return c.Why + ", " + at
	}
	return c.Why
}
