package phpfpm

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// backlog is how many connections may wait for a worker, which is php-fpm's own default (listen.backlog). The kernel may allow fewer (listen(2)).
const backlog = 511

// listening is a socket on which workers accept connections. This program makes and holds it, so that connections wait in its backlog while no
// php-fpm runs. Its owner closes it.
//
// php-fpm takes it over through the environment variable FPM_SOCKETS, by which a master that reloads hands its sockets to the next one
// (sapi/fpm/fpm/fpm_sockets.c, fpm_sockets_init_main). It leaves owner, mode and backlog of such a socket as they are.
type listening struct {
	name string // in php-fpm's configuration
	path string
	file *os.File
}

// inherited returns the name under which php-fpm finds a socket that it inherits: it compares names only. It removes the file of that name when
// it ends, so that must not be the socket's path; and one that does not find the socket tries to make it there, and fails.
func inherited(pool string) string { return "/dev/null/" + pool }

// listen makes the socket at path, in place of what is there, for this program's user alone.
func listen(name, path string) (*listening, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove old socket: %w", err)
	}
	// Not package net, which would make it non-blocking, also for php-fpm: a worker ends when accept(2) has nothing for it.
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	l := &listening{name, path, os.NewFile(uintptr(fd), path)}
	err = unix.Fchmod(fd, 0o600) // the mode of the file that bind makes
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrUnix{Name: path})
	}
	if err == nil {
		err = unix.Listen(fd, backlog)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen on %s: %w", path, err), l.close())
	}
	return l, nil
}

// refuse closes the connections that wait, whose other side is then told that nothing was read. No php-fpm may run: the socket blocks, so that
// accept would wait for another connection if a worker took the one that there is.
func (l *listening) refuse() {
	listener := int(l.file.Fd())
	for fds := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}; ; {
		if n, err := unix.Poll(fds, 0); n <= 0 || err != nil {
			return
		}
		fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
		if err != nil {
			return // too many open files, perhaps: it is tried again
		}
		unix.Close(fd)
	}
}

// close also removes the socket's file. Connections that wait are closed unless a process that has left php-fpm's group has inherited the socket.
func (l *listening) close() error {
	err := os.Remove(l.path)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.file.Close())
}

// sockets are all those of a php-fpm.
type sockets []*listening

// listenAll makes a socket for each path, by the name that php-fpm knows. The caller closes them.
func listenAll(paths map[string]string) (sockets, error) {
	var all sockets
	for name, path := range paths {
		l, err := listen(name, path)
		if err != nil {
			return nil, errors.Join(err, all.close())
		}
		all = append(all, l)
	}
	return all, nil
}

func (s sockets) close() error {
	var err error
	for _, l := range s {
		err = errors.Join(err, l.close())
	}
	return err
}

func (s sockets) refuse() {
	for _, l := range s {
		l.refuse()
	}
}

// handOver returns what exec.Cmd has to be given for php-fpm to take the sockets over: its ExtraFiles, and a variable of its environment.
func (s sockets) handOver() (files []*os.File, variable string) {
	const firstExtra = 3
	var pairs []string
	for i, l := range s {
		files = append(files, l.file)
		pairs = append(pairs, fmt.Sprintf("%s=%d", l.name, firstExtra+i))
	}
	return files, "FPM_SOCKETS=" + strings.Join(pairs, ",")
}
