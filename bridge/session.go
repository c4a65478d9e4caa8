package bridge

import (
	"context"
	"sync"
)

// sessions lets the events of clients that share a PHP session run one after the other. PHP keeps a session locked while a
// handler has it open, so the tabs of one user would hold a worker each, and all but one of them would only wait.
type sessions struct {
	mu    sync.Mutex // guards known and the users of each
	known map[string]*session
}

type session struct {
	turn  chan struct{} // holds one; who has put it there has the turn
	users int           // those that have it or wait for it
}

func newSessions() *sessions { return &sessions{known: map[string]*session{}} }

// enter blocks until the turn of an event with that session, or the end of ctx. Without an error the caller calls leave once.
func (s *sessions) enter(ctx context.Context, id string) error {
	session := s.join(id)
	select {
	case session.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		s.part(id)
		return context.Cause(ctx)
	}
}

func (s *sessions) leave(id string) {
	<-s.part(id).turn
}

func (s *sessions) join(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[id] == nil {
		s.known[id] = &session{turn: make(chan struct{}, 1)}
	}
	s.known[id].users++
	return s.known[id]
}

func (s *sessions) part(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	session := s.known[id]
	session.users--
	if session.users == 0 {
		delete(s.known, id)
	}
	return session
}
