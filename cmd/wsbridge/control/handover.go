package control

import (
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// Listener is one that another process can take over.
type Listener struct {
	net.Listener
	Path string // of a unix socket that this Server has made, and removes at its end; empty: the address is somebody else's, or TCP
}

// Hold stops accepting connections, and lets requests that change something wait, but for those that have begun. So what an operator asks for
// is either done here or by the process that takes over. It returns the listeners that are to be handed over, and what ends that: goOn, or
// leave, after which requests that wait are refused, streams end, and no socket is removed. It must not be called again before one of them is.
func (s *Server) Hold() (listeners []Listener, goOn, leave func()) {
	s.listening.Lock()
	defer s.listening.Unlock()
	over, left := make(chan struct{}), make(chan struct{})
	s.held.Store(&held{over, left})
	for _, l := range s.listeners {
		l.hold(over)
		if !slices.ContainsFunc(s.replaced, func(r net.Listener) bool { return r == l.Listener }) {
			listeners = append(listeners, Listener{l.Listener, s.pathOf(l.Listener)})
		}
	}
	goOn = func() { s.held.Store(nil); close(over) }
	leave = func() { s.leaveSockets(); close(left); close(s.left) }
	return listeners, goOn, leave
}

// held is from Hold on. One of both is closed at its end.
type held struct{ over, left chan struct{} }

// pathOf returns the path of a socket of our own; empty: it is not.
func (s *Server) pathOf(l net.Listener) string {
	for _, u := range s.sockets {
		if u.listener == l {
			return u.path
		}
	}
	return ""
}

// leaveSockets lets the other process remove the sockets.
func (s *Server) leaveSockets() {
	s.listening.Lock()
	defer s.listening.Unlock()
	for _, u := range s.sockets {
		if u.listener != nil {
			u.listener.SetUnlinkOnClose(false)
		}
	}
	s.sockets = nil // nothing is made again
}

// Inherit is Listen on a listener of the process before this one.
func (s *Server) Inherit(l Listener) {
	s.listening.Lock()
	defer s.listening.Unlock()
	if own, isUnix := l.Listener.(*net.UnixListener); isUnix && l.Path != "" {
		own.SetUnlinkOnClose(true)
		u := newSocket(own)
		s.sockets = append(s.sockets, u)
	}
	s.listenOn(l.Listener)
}

// errHandedOver answers a request that has waited for a hand-over.
var errHandedOver = errors.New("another process has taken over meanwhile: ask again")

// awaitHold lets a request wait while everything is held.
func (s *Server) awaitHold(r *http.Request) *api.Error {
	h := s.held.Load()
	if h == nil {
		return nil
	}
	select {
	case <-h.over:
		return nil
	case <-h.left:
	case <-r.Context().Done():
	}
	return asError(errHandedOver)
}

// pausable is a listener that can stop accepting, and go on.
type pausable struct {
	net.Listener
	mu     sync.Mutex // guards the fields below
	over   chan struct{}
	closed chan struct{}
}

// deadliner is a listener whose Accept can be interrupted, as those of package net are.
type deadliner interface{ SetDeadline(time.Time) error }

// hold lets Accept wait until over is closed.
func (l *pausable) hold(over chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = over
	if d, ok := l.Listener.(deadliner); ok {
		_ = d.SetDeadline(time.Unix(1, 0)) // it fails only on a closed listener
	}
}

// Accept implements net.Listener.
func (l *pausable) Accept() (net.Conn, error) {
	for {
		if err := l.await(); err != nil {
			return nil, err
		}
		conn, err := l.Listener.Accept()
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return conn, err
		}
	}
}

// await blocks while the listener is held.
func (l *pausable) await() error {
	l.mu.Lock()
	over := l.over
	l.mu.Unlock()
	if over == nil {
		return nil
	}
	select {
	case <-over:
	case <-l.closed:
		return net.ErrClosed
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over == over {
		l.over = nil
		return l.Listener.(deadliner).SetDeadline(time.Time{})
	}
	return nil
}

// Close implements net.Listener.
func (l *pausable) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return l.Listener.Close()
}
