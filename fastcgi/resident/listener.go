package resident

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// maxHello bounds the line with which a worker proves who it is, in bytes.
	maxHello = 128
	// maxUnproven bounds the connections that have not sent it yet. Workers send it at once.
	maxUnproven = 32
)

// listener accepts the connections of workers. Whoever does not know the token of a worker that is awaited gets nothing.
type listener struct {
	path string
	mode os.FileMode
	l    *net.UnixListener // used by one goroutine at a time

	mu       sync.Mutex // guards awaited, unproven and closed
	awaited  map[string]chan<- hello
	unproven []*net.UnixConn // the oldest first
	closed   bool
	work     sync.WaitGroup
}

// hello is a worker's connection, and the process id that it names.
type hello struct {
	conn   *net.UnixConn
	reader *bufio.Reader
	pid    int
}

// listen creates the socket. The caller closes it.
func listen(dir string, mode os.FileMode) (*listener, error) {
	s := &listener{path: filepath.Join(dir, "workers.sock"), mode: mode, awaited: map[string]chan<- hello{}}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("listen for resident workers: %w", err)
	}
	return s, nil
}

// open also replaces the socket that there was.
func (s *listener) open() error {
	if err := os.Remove(s.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: s.path, Net: "unix"})
	if err != nil {
		return err
	}
	if err := os.Chmod(s.path, s.mode); err != nil {
		return errors.Join(err, l.Close())
	}
	if s.l != nil {
		s.l.SetUnlinkOnClose(false)
		s.l.Close()
	}
	s.l = l
	s.work.Go(func() { s.accept(l) })
	return nil
}

func (s *listener) close() error {
	err := s.l.Close()
	s.mu.Lock()
	s.closed = true
	for _, conn := range s.unproven {
		conn.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
	return err
}

// await returns a channel that gets the connection of the worker that knows token. The caller calls forget.
func (s *listener) await(token string) <-chan hello {
	c := make(chan hello, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaited[token] = c
	return c
}

// forget ends await. A connection that has come too late is closed.
func (s *listener) forget(token string, c <-chan hello) {
	s.mu.Lock()
	delete(s.awaited, token)
	s.mu.Unlock()
	select {
	case h := <-c:
		h.conn.Close()
	default:
	}
}

func (s *listener) accept(l *net.UnixListener) {
	for {
		conn, err := l.AcceptUnix()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // too many open files: others will be closed
			time.Sleep(minBackoff)
		default:
			s.admit(conn)
			s.work.Go(func() { s.greet(conn) })
		}
	}
}

// admit notes a connection, and closes the oldest if there are too many.
func (s *listener) admit(conn *net.UnixConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		conn.Close()
	}
	if len(s.unproven) >= maxUnproven {
		s.unproven[0].Close()
		s.unproven = slices.Delete(s.unproven, 0, 1)
	}
	s.unproven = append(s.unproven, conn)
}

// settle ends admit.
func (s *listener) settle(conn *net.UnixConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unproven = slices.DeleteFunc(s.unproven, func(c *net.UnixConn) bool { return c == conn })
}

// greet passes a connection on to the goroutine that awaits it.
func (s *listener) greet(conn *net.UnixConn) {
	_ = conn.SetReadDeadline(time.Now().Add(helloTimeout))
	reader := bufio.NewReaderSize(conn, maxHello)
	line, err := reader.ReadSlice('\n')
	_ = conn.SetReadDeadline(time.Time{})
	s.settle(conn)
	token, number, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
	pid, badPID := strconv.Atoi(number)
	if err != nil || badPID != nil || !s.deliver(token, hello{conn, reader, pid}) {
		conn.Close()
	}
}

func (s *listener) deliver(token string, h hello) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.awaited[token]
	if c == nil {
		return false
	}
	delete(s.awaited, token) // one connection for each worker
	c <- h
	return true
}
