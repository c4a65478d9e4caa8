package serve

import (
	"log/slog"
	"os"
	"path"
	"strings"
)

// warnPrivateTmp warns about a pipe in a folder that systemd has made for this service only (PrivateTmp=yes): it works, but no other
// program can write to it.
func warnPrivateTmp(log *slog.Logger, pipe string) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if folder := privateTmp(string(mounts), pipe); err == nil && folder != "" {
		log.Warn("no other program can reach the pipe: systemd gives this service a "+folder+" of its own; "+
			"set PrivateTmp=no and ReadWritePaths="+folder+" (systemctl edit), or pipe.path elsewhere", "pipe", pipe)
	}
}

// privateTmp returns the mount point of the private folder that file is in; empty: it is in none. mounts is what /proc/self/mountinfo
// says (proc_pid_mountinfo(5)): the fourth field is the folder that is mounted, which systemd calls systemd-private-ID-UNIT-RANDOM/tmp,
// the fifth is where.
func privateTmp(mounts, file string) string {
	longest, private := "", false
	for line := range strings.Lines(mounts) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		root, point := fields[3], fields[4]
		if len(point) < len(longest) || !strings.HasPrefix(path.Clean(file), strings.TrimSuffix(point, "/")+"/") {
			continue
		}
		longest, private = point, strings.Contains(root, "/systemd-private-") // a later mount at the same place hides the one before
	}
	if private {
		return longest
	}
	return ""
}
