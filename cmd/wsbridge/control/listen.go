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

var errNoPlace = errors.New("there is no run-time folder: neither RUNTIME_DIRECTORY nor XDG_RUNTIME_DIR is set")

// ListenAuto is Listen at api.ServerSocket, whose folder it makes.
func (s *Server) ListenAuto() error {
	path := api.ServerSocket()
	if path == "" {
		return errNoPlace
	}
	const readable = 0o755 // who may use the socket is its own mode's business
	if err := os.MkdirAll(filepath.Dir(path), readable); err != nil {
		return fmt.Errorf("make the socket's folder: %w", err)
	}
	return s.Listen("unix:" + path)
}

// listen replaces a socket that a server which is gone has left. A new one has mode, and belongs to group.
func listen(address string, mode fs.FileMode, group string) (net.Listener, error) {
	path, isUnix := strings.CutPrefix(address, "unix:")
	if !isUnix {
		return net.Listen("tcp", address)
	}
	if err := removeLeft(path); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := open(path, mode, group); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func removeLeft(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return nil // to listen fails, with its own reason, where something else stands
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return fmt.Errorf("another server listens at %s", path)
	}
	return os.Remove(path)
}

// open lets the group in before the mode does.
func open(path string, mode fs.FileMode, group string) error {
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
