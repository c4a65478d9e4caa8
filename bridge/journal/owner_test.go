package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// anyUser is one that the machine need not have.
const anyUser = 12345

func ownerOf(t *testing.T, path string) int {
	t.Helper()
	var s unix.Stat_t
	if err := unix.Stat(path, &s); err != nil {
		t.Fatal(err)
	}
	return int(s.Uid)
}

// TestRootLeavesOthersFolders: root would make files there that their owner cannot open. What it repairs stays the owner's.
func TestRootLeavesOthersFolders(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	dir := filepath.Join(t.TempDir(), "journal")
	j := mustOpen(t, dir, Options{Sync: time.Hour})
	mustAccept(t, j, "waits")
	mustClose(t, j)
	if err := os.Chown(dir, anyUser, anyUser); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), dir+" belongs to user 12345") {
		t.Errorf("opened: %v", err)
	}
	flip(t, filepath.Join(dir, begunName), 0)
	s, err := SetAside(dir)
	if err != nil || s.Documents != 1 {
		t.Fatalf("got %+v, %v", s, err)
	}
	for _, path := range []string{dir, filepath.Join(dir, storeName), filepath.Join(dir, begunName), s.Aside} {
		if uid := ownerOf(t, path); uid != anyUser {
			t.Errorf("%s belongs to %d", path, uid)
		}
	}
}

// TestRemovedFiles: what is written to a file that is not there any more is lost, which breaks the journal.
func TestRemovedFiles(t *testing.T) {
	for _, row := range []struct {
		pattern string
		sync    time.Duration
	}{
		{filepath.Join(storeName, "*.log"), time.Millisecond}, {begunName, time.Millisecond},
		{filepath.Join(storeName, "*.log"), 0}, {begunName, 0},
	} {
		t.Run(fmt.Sprintf("%s synced after %v", filepath.Base(row.pattern), row.sync), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			j := mustOpen(t, dir, Options{Sync: row.sync})
			mustAccept(t, j, "first")
			for _, path := range glob(t, dir, row.pattern) {
				if err := os.Rename(path, filepath.Join(t.TempDir(), "elsewhere")); err != nil {
					t.Fatal(err)
				}
			}
			waitFor(t, "it is not noticed", func() bool {
				_, err := j.Accept(t.Context(), Document{})
				return errors.Is(err, ErrBroken) && strings.Contains(err.Error(), "was removed or replaced")
			})
		})
	}
}

func glob(t *testing.T, dir, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) == 0 {
		t.Fatal(pattern, found, err)
	}
	return found
}
