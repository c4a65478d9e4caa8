package bridge

import "sync"

// newLane is laneState for a lane that Reconfigure starts. That keeps all others from describing the application, this lane as well, which would
// wait for its own start. So whatever code its first worker loads counts as known until the application of the new configuration is in force.
type newLane struct {
	laneState
	mu      sync.Mutex // guards the fields below
	inForce bool
	loaded  string // the code that the first worker has loaded; empty: the one that is known
}

// Knows implements protocol.State.
func (s *newLane) Knows(code string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.inForce {
		s.loaded = code
		return true
	}
	return s.laneState.Knows(code)
}

// putInForce is called when the application is in force, between lockDescribing and unlock. If the lane has started with other code, that has
// changed since, and is described again.
func (s *newLane) putInForce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inForce = true
	if code := s.loaded; code != "" && !s.laneState.Knows(code) {
		app := s.bridge.app.Load()
		s.bridge.spawn(func() { s.bridge.redescribe(app, code) })
	}
}
