package serve

import (
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
)

// warnRootPipe warns about a pipe that was made by root and that no other user can write to: the web application, which is another user,
// is refused by the system, and nothing of that is seen here.
func warnRootPipe(log *slog.Logger, pipe string) {
	info, err := os.Lstat(pipe)
	if err != nil || !onlyRootWrites(info) || hasACL(pipe) {
		return
	}
	owner := info.Sys().(*syscall.Stat_t)
	folder := filepath.Dir(pipe)
	log.Warn("only root can write to the pipe, and the web application cannot: chgrp GROUP "+folder+" && chmod g+s "+folder+
		" gives each pipe made there that group, chgrp GROUP "+pipe+" only this one, and pipe.mode = \"0666\" lets everybody write",
		"pipe", pipe, "mode", fmt.Sprintf("%#o", info.Mode().Perm()), "owner", fmt.Sprintf("%d:%d", owner.Uid, owner.Gid))
}

// onlyRootWrites reports whether a file is root's, and its mode lets neither others nor a group but root's write.
func onlyRootWrites(info fs.FileInfo) bool {
	const groupWrites, othersWrite = 0o020, 0o002
	owner := info.Sys().(*syscall.Stat_t)
	byGroup := info.Mode()&groupWrites != 0 && owner.Gid != 0
	return owner.Uid == 0 && !byGroup && info.Mode()&othersWrite == 0
}

// hasACL reports whether the access to a file is not by its mode alone (acl(5)), as in a folder with a default list.
func hasACL(path string) bool {
	_, err := syscall.Getxattr(path, "system.posix_acl_access", nil)
	return err == nil
}
