package serve

import (
	"context"
	"fmt"
)

// Ready returns nil if the server takes clients and documents, else why not: what the bridge says, that the application's code cannot be
// loaded, or that writers do not reach the pipe. It may ask php-fpm, which takes until ctx ends at most.
func (s *server) Ready(ctx context.Context) error {
	if err := s.bridge.Ready(ctx); err != nil {
		return err
	}
	if r := s.backend.report(); r != nil && r.Stateless && r.Broken != "" { // each request would fail with it, too
		return fmt.Errorf("the application's code cannot be loaded: %s", r.Broken)
	}
	if s.pipe == nil {
		return nil
	}
	if err := s.pipe.Lost(); err != nil {
		return fmt.Errorf("writers do not reach the pipe %s: %w", s.cfg.Load().Pipe.Path, err)
	}
	return nil
}

// Clients returns how many clients there are.
func (s *server) Clients() int { return s.bridge.Clients() }
