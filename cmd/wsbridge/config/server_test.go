package config

import "testing"

// By default the derived limits are what they were as keys, and a smaller size of a queue does not lower its number.
func TestLimitsThatFollowFromKeys(t *testing.T) {
	for name, tt := range map[string]struct {
		change                             func(*Server)
		controlBurst, sendQueue, allEvents int
	}{
		"default":       {func(*Server) {}, 1000, 1024, 16384},
		"no rate":       {func(s *Server) { s.ControlRate = 0 }, 0, 1024, 16384},
		"small queues":  {func(s *Server) { s.SendQueueBytes, s.EventQueueTotalBytes = 1<<20, 1<<20 }, 1000, 1024, 16384},
		"larger queues": {func(s *Server) { s.SendQueueBytes, s.EventQueueTotalBytes = 64<<20, 1<<30 }, 1000, 2048, 65536},
	} {
		s := Default().Server
		tt.change(&s)
		if b, q, e := s.ControlBurst(), s.SendQueue(), s.EventQueueTotal(); b != tt.controlBurst || q != tt.sendQueue || e != tt.allEvents {
			t.Errorf("%s: got %d, %d, %d", name, b, q, e)
		}
	}
}
