package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// checkOwner refuses a folder of another user to root, which would fill it with files that this user cannot open. Other users are refused by the
// kernel, unless the folder is meant for several.
func checkOwner(dir string) error {
	var s unix.Stat_t
	if err := unix.Stat(dir, &s); err != nil {
		return fmt.Errorf("open journal %s: %w", dir, err)
	}
	if os.Geteuid() != 0 || s.Uid == 0 {
		return nil
	}
	return fmt.Errorf("journal %s belongs to %s, and wsbridge runs as root: run it as that user, or chown the folder to root", dir, nameOf(s.Uid))
}

// nameOf returns the name of a user, or its number.
func nameOf(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "user " + id
}

// giveTo gives a folder, and all that is in it, the owner of another one, which only root can do, and only root needs.
func giveTo(dir, like string) error {
	var s unix.Stat_t
	if err := unix.Stat(like, &s); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, int(s.Uid), int(s.Gid)))
	})
}
