package api

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const socketName = "control.sock"

// rootFolder holds the socket of a server that runs as root.
const rootFolder = "/run/wsbridge"

// ServerSocket returns the path of the socket that a server makes for control.listen = "auto": in the folder that systemd has made for
// it, else as root in /run/wsbridge, else in the user's run-time folder. It is empty if there is no such folder.
func ServerSocket() string {
	folder, _, _ := strings.Cut(os.Getenv("RUNTIME_DIRECTORY"), ":") // systemd.exec(5)
	switch {
	case folder != "":
	case os.Geteuid() == 0:
		folder = rootFolder
	case os.Getenv("XDG_RUNTIME_DIR") != "":
		folder = filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "wsbridge")
	default:
		return ""
	}
	return filepath.Join(folder, socketName)
}

// Sockets returns the paths at which servers of this machine make their sockets for control.listen = "auto": those of the same user and
// of wsbridge.service first, then those of instances such as wsbridge@shop. Most are paths of sockets that are not there.
func Sockets() []string {
	paths := []string{FindSocket(), filepath.Join(rootFolder, socketName)}
	for _, parent := range []string{os.Getenv("XDG_RUNTIME_DIR"), filepath.Dir(rootFolder)} {
		folders, _ := os.ReadDir(parent) // what cannot be read has nothing to try
		for _, f := range folders {
			if name := f.Name(); name == "wsbridge" || strings.HasPrefix(name, "wsbridge-") {
				paths = append(paths, filepath.Join(parent, name, socketName))
			}
		}
	}
	unique := paths[:0]
	for _, path := range paths {
		if !slices.Contains(unique, path) {
			unique = append(unique, path)
		}
	}
	return unique
}

// FindSocket returns the path of the socket that a client without an address should try: that of a server of the same user if there is
// one, else that of a server that root or systemd runs.
func FindSocket() string {
	own := ServerSocket()
	if _, err := os.Lstat(own); own != "" && err == nil {
		return own
	}
	return filepath.Join(rootFolder, socketName)
}
