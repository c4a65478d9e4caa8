package control

import (
	"net"
	"os"
	"time"
)

// retryInterval is after what time a socket is made again that could not be: another server at its path is asked for its name each time.
const retryInterval = 10 * time.Second

// socket is a unix socket that this Server has made, or is to make.
type socket struct {
	listener *net.UnixListener // nil: it could not be made yet
	path     string
	made     os.FileInfo // nil: it was gone at once, or could not be made yet
	failure  string      // why it could not be made anew the last time
	next     time.Time   // when that is tried again
}

func newSocket(l *net.UnixListener) *socket {
	path := l.Addr().String()
	made, _ := os.Lstat(path)
	return &socket{listener: l, path: path, made: made}
}

func (u *socket) isThere() bool {
	there, err := os.Lstat(u.path)
	return err == nil && os.SameFile(there, u.made)
}

// Restore listens again where somebody has removed the socket, and where ListenAuto could not. What cannot be put right is logged once.
// Requests that run go on. It must not be called concurrently with Close.
func (s *Server) Restore() {
	s.listening.Lock()
	defer s.listening.Unlock()
	if s.held.Load() != nil { // a new socket would not be handed over
		return
	}
	for _, u := range s.sockets {
		if !u.isThere() && time.Now().After(u.next) {
			s.restore(u)
		}
	}
}

func (s *Server) restore(u *socket) {
	_ = makeFolder(u.path) // else listening says why not
	l, err := listen("unix:"+u.path, s.cfg.SocketMode, s.cfg.SocketGroup)
	if err != nil {
		if err.Error() != u.failure {
			s.cfg.Logger.Error("the control socket cannot be made", "address", u.path, "error", err)
		}
		u.failure, u.next = err.Error(), time.Now().Add(retryInterval)
		return
	}
	if u.listener == nil {
		s.cfg.Logger.Info("control is reachable now", "address", u.path)
	} else {
		s.cfg.Logger.Warn("the control socket was gone, and was made anew", "address", u.path)
		u.listener.SetUnlinkOnClose(false) // its path is the new one's
		s.replaced = append(s.replaced, u.listener)
	}
	*u = *newSocket(l.(*net.UnixListener))
	s.serve(l, s.guardFor(l))
}
