package resident

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wsbridge/wsbridge/protocol"
)

// childrenFolder holds the named pipes of the processes that handlers have started, in a folder for each. The PHP half knows the name.
type childrenFolder struct {
	path string
	// lives are the writing ends of named pipes that nothing is written to, the last one at its path. They are closed at the latest when this
	// program ends, and then each such process is ended by one that reads its pipe.
	lives []*os.File

	folderMode, lifeMode os.FileMode
}

const (
	lifeName = "life"
	// childrenEnd is how long processes may take to end when the lane is closed, and endPoll how often that is looked at.
	childrenEnd = 3 * time.Second
	endPoll     = 10 * time.Millisecond
)

// newChildrenFolder makes the folder in dir. mode is that of the socket for workers: if they may be other users, they can make folders in it,
// but not see or remove those of others (sticky bit).
func newChildrenFolder(dir string, mode os.FileMode) (*childrenFolder, error) {
	f := &childrenFolder{path: filepath.Join(dir, "children"), folderMode: 0o700, lifeMode: 0o600}
	if mode&0o006 != 0 {
		f.folderMode, f.lifeMode = os.ModeSticky|0o733, 0o644
	}
	if err := f.open(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(f.path))
	}
	return f, nil
}

func (f *childrenFolder) lifePath() string { return filepath.Join(f.path, lifeName) }

// open makes what is not there. The processes that there are read the pipe of their own time.
func (f *childrenFolder) open() error {
	err := os.MkdirAll(f.path, 0o700)
	if err == nil {
		err = unix.Mkfifo(f.lifePath(), 0o600)
	}
	if err == nil {
		err = errors.Join(os.Chmod(f.lifePath(), f.lifeMode), os.Chmod(f.path, f.folderMode)) // whatever the umask
	}
	var life *os.File
	if err == nil {
		life, err = os.OpenFile(f.lifePath(), os.O_RDWR, 0)
	}
	if err != nil {
		return fmt.Errorf("make folder for child processes: %w", err)
	}
	f.lives = append(f.lives, life)
	return nil
}

// close ends the processes that are left. It blocks until their folders are gone, but not for long, and removes its own.
func (f *childrenFolder) close() error {
	var err error
	for _, life := range f.lives {
		err = errors.Join(err, life.Close())
	}
	for until := time.Now().Add(childrenEnd); f.hasFolders() && time.Now().Before(until); {
		time.Sleep(endPoll)
	}
	return errors.Join(err, os.RemoveAll(f.path))
}

func (f *childrenFolder) hasFolders() bool {
	entries, _ := os.ReadDir(f.path)
	return slices.ContainsFunc(entries, fs.DirEntry.IsDir)
}

// note takes note of what a worker says of the processes that handlers have started in it.
func (l *Lane) note(c *protocol.Children) {
	l.mu.Lock()
	maps.Copy(l.children, c.Running)
	for _, pid := range c.Ended {
		delete(l.children, strconv.Itoa(pid))
	}
	l.mu.Unlock()
	if c.Ready {
		l.state.ProcessesReady()
	}
}

// HasChildren reports whether there are processes that handlers have started.
func (l *Lane) HasChildren() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.children) > 0
}

// childSet returns these processes for the worker that takes them over.
func (l *Lane) childSet() protocol.ChildSet {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.children)
}

// names returns each process for people.
func names(s protocol.ChildSet) []string {
	var list []string
	for pid, child := range s {
		list = append(list, pid+" "+child.Program)
	}
	slices.Sort(list)
	return list
}
