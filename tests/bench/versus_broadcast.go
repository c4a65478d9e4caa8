package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// compareBroadcasts has both sides send one message to many clients.
func compareBroadcasts(ctx context.Context, o options, binaries [sides]string) (all []comparison, err error) {
	var servers [sides]*server
	defer func() { err = errors.Join(err, stopServers(servers)) }()
	var audiences [sides]*audience
	for side, binary := range binaries {
		if servers[side], err = startServer(setup{binary: binary, source: crying, isolation: o.isolations[0], workers: workers}); err != nil {
			return nil, sideError(o, side, err)
		}
		if audiences[side], err = gather(servers[side].log.address, o.listeners, false); err != nil {
			return nil, sideError(o, side, err)
		}
		defer audiences[side].leave()
		if err := servers[side].log.settle(audiences[side].cry); err != nil {
			return nil, sideError(o, side, err)
		}
	}
	heard := comparison{name: fmt.Sprintf("broadcast to %d: until all have it", o.listeners), write: brief}
	used := comparison{name: "broadcast: wsbridge's CPU", write: brief}
	for round := range o.rounds {
		var h, u pair
		for _, side := range turns(round) {
			if h[side], u[side], err = broadcastRound(servers[side], audiences[side]); err != nil {
				return nil, sideError(o, side, err)
			}
		}
		heard.rounds, used.rounds = append(heard.rounds, h), append(used.rounds, u)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return []comparison{heard, used}, nil
}

// broadcastRound broadcasts several times. It returns the median time until all have the message and the server's CPU time of one, in
// nanoseconds.
func broadcastRound(s *server, a *audience) (heard, used float64, err error) {
	const times = 20
	var all []float64
	began := cpuOfAll(s.own())
	for range times {
		sent := time.Now()
		if err := a.cry(); err != nil {
			return 0, 0, err
		}
		all = append(all, float64(time.Since(sent)))
	}
	return median(all), float64(cpuOfAll(s.own())-began) / times, nil
}
