package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// ErrInUse is why Listen refuses a socket on which another server answers.
var ErrInUse = errors.New("another server listens there")

var errNoFolder = errors.New("there is no run-time folder: neither RUNTIME_DIRECTORY nor XDG_RUNTIME_DIR is set")

// nameTimeout bounds asking another server who it is.
const nameTimeout = 2 * time.Second

// ListenAuto is Listen on api.ServerSocket. It makes the socket's folder. Unless another server listens there, Restore tries again what
// could not be done.
func (s *Server) ListenAuto() error {
	path := api.ServerSocket()
	if path == "" {
		return errNoFolder
	}
	s.listening.Lock()
	defer s.listening.Unlock()
	err := makeFolder(path)
	if err == nil {
		err = s.listenAt("unix:" + path)
	}
	if err != nil && !errors.Is(err, ErrInUse) {
		s.sockets = append(s.sockets, &socket{path: path, failure: err.Error(), next: time.Now().Add(retryInterval)})
	}
	return err
}

// makeFolder makes the folder of a socket, whose own mode decides who may use it.
func makeFolder(path string) error {
	const readable = 0o755
	if err := os.MkdirAll(filepath.Dir(path), readable); err != nil {
		return fmt.Errorf("make the socket's folder: %w", err)
	}
	return nil
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
		return fmt.Errorf("%s: %w%s: name another socket in control.listen", path, ErrInUse, nameOf(path))
	}
	return os.Remove(path)
}

// nameOf returns what the server at a socket says of itself, for people; empty: it does not answer in time, or is no wsbridge.
func nameOf(path string) string {
	client, err := api.NewClient("unix:"+path, "")
	if err != nil {
		return ""
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), nameTimeout)
	defer cancel()
	other, err := api.Ask[api.Status](ctx, client, api.Call{Method: http.MethodGet, Path: "/v1/status"})
	if err != nil || other.PID == 0 {
		return ""
	}
	return fmt.Sprintf(" (process %d, %s)", other.PID, cmp.Or(other.Config, "without a configuration file"))
}

// setAccess sets the group first, so that the mode never lets another group in.
func setAccess(path string, mode fs.FileMode, group string) error {
	if group != "" {
		gid, err := GroupID(group)
		if err != nil {
			return err
		}
		if err := os.Chown(path, -1, gid); err != nil {
			return err
		}
	}
	return os.Chmod(path, mode)
}

// GroupID returns the number of a group, which may be named by its number.
func GroupID(name string) (int, error) {
	if id, err := strconv.Atoi(name); err == nil {
		return id, nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(g.Gid)
}
