package api

import (
	"os"
	"path/filepath"
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

// FindSocket returns the path of the socket that a client without an address should try: that of a server of the same user if there is
// one, else that of a server that root or systemd runs.
func FindSocket() string {
	own := ServerSocket()
	if _, err := os.Lstat(own); own != "" && err == nil {
		return own
	}
	return filepath.Join(rootFolder, socketName)
}
