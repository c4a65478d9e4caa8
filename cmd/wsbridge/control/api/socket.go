package api

import (
	"os"
	"path/filepath"
	"strings"
)

const socketName = "control.sock"

// rootFolder holds the socket of a server that root runs.
const rootFolder = "/run/wsbridge"

// ServerSocket returns where a server that is told "auto" makes its socket: in the folder that systemd has made for it, else
// in /run/wsbridge as root, else in the user's own run-time folder. Empty: there is no good place.
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

// FindSocket returns where a server's socket is likely to be for who asks without an address: the user's own if there is one,
// else that of a server that root, or systemd, runs.
func FindSocket() string {
	own := ServerSocket()
	if _, err := os.Lstat(own); own != "" && err == nil {
		return own
	}
	return filepath.Join(rootFolder, socketName)
}
