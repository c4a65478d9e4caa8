package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// compareBroadcasts has both sides send one message to many clients.
func compareBroadcasts(ctx context.Context, o options, binaries [sides]string) (all []comparison, err error) {
	heard := comparison{name: fmt.Sprintf("broadcast to %d: until all have it", o.listeners), write: brief}
	used := comparison{name: "broadcast: wsbridge's CPU", write: brief}
	err = withAudience(o, binaries[before], func(s *server, a *audience) error {
		return withAudience(o, binaries[now], func(s2 *server, a2 *audience) error {
			return onBoth(ctx, o.rounds, func(side int) error {
				if side == before {
					return broadcastRound(s, a, &heard.before, &used.before)
				}
				return broadcastRound(s2, a2, &heard.now, &used.now)
			})
		})
	})
	return []comparison{heard, used}, err
}

// withAudience starts a wsbridge with clients to broadcast to, and stops it after do.
func withAudience(o options, binary string, do func(*server, *audience) error) (err error) {
	s, err := startServer(o.setup(binary, broadcasting))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	a, err := gather(s.log.address, o.listeners, false)
	if err != nil {
		return fmt.Errorf("%s: %w", binary, err)
	}
	defer a.leave()
	if err := s.log.awaitParallel(a.broadcast); err != nil {
		return fmt.Errorf("%s: %w", binary, err)
	}
	return do(s, a)
}

// broadcastRound broadcasts several times. It appends the median time until all have the message and the server's CPU time of one, in
// nanoseconds.
func broadcastRound(s *server, a *audience, heard, used *[]float64) error {
	const times = 20
	var all []float64
	before := cpuOfAll(s.own())
	for range times {
		began := time.Now()
		if err := a.broadcast(); err != nil {
			return err
		}
		all = append(all, float64(time.Since(began)))
	}
	*heard = append(*heard, median(all))
	*used = append(*used, float64(cpuOfAll(s.own())-before)/times)
	return nil
}
