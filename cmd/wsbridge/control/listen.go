package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

var errNoFolder = errors.New("there is no run-time folder: neither RUNTIME_DIRECTORY nor XDG_RUNTIME_DIR is set")

// ListenAuto is Listen on api.ServerSocket. It makes the socket's folder.
func (s *Server) ListenAuto() error {
	path := api.ServerSocket()
	if path == "" {
		return errNoFolder
	}
	const readable = 0o755 // the socket's own mode decides who may use it
	if err := os.MkdirAll(filepath.Dir(path), readable); err != nil {
		return fmt.Errorf("make the socket's folder: %w", err)
	}
	return s.Listen("unix:" + path)
}

// listen replaces a socket that a dead server has left. It gives a new socket the mode, and the group if it is not empty.
func listen(address string, mode fs.FileMode, group string) (net.Listener, error) {
	path, isUnix := strings.CutPrefix(address, "unix:")
	if !isUnix {
		return net.Listen("tcp", address)
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := setAccess(path, mode, group); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func removeStale(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return nil // if something else is there, listening fails and says why
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return fmt.Errorf("another server listens at %s", path)
	}
	return os.Remove(path)
}

// setAccess sets the group first, so that the mode never lets another group in.
func setAccess(path string, mode fs.FileMode, group string) error {
	if group != "" {
		gid, err := groupID(group)
		if err != nil {
			return err
		}
		if err := os.Chown(path, -1, gid); err != nil {
			return err
		}
	}
	return os.Chmod(path, mode)
}

func groupID(name string) (int, error) {
	if id, err := strconv.Atoi(name); err == nil {
		return id, nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(g.Gid)
}
