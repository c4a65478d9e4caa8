package main

import (
	"context"
	"errors"
	"fmt"
)

// measureRequests compares wsbridge with one request per event: with itself as it was, and with Centrifugo, which asks by HTTP. Each has a php-fpm of
// its own, with the same settings: wsbridge keeps its connections for some seconds, and each occupies a worker.
func measureRequests(ctx context.Context, b *residents) (figures []figure, err error) {
	p, err := startPHP(ctx, echoing)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	program, err := installCentrifugo(ctx)
	if err != nil {
		return nil, err
	}
	const now, before, centrifugo = 0, 1, 2
	all, err := startAll(
		bridgeStarter("requests", b.perRequest(), b.clients),
		bridgeStarter("requests-before", b.before(echoing), b.clients),
		func() (*contender, error) { return startCentrifugo(program, p, b.clients) },
	)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, all.close()) }()
	results, err := all.compare(ctx, b.rounds, b.echoJob())
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("one request per event, %d clients: to %s", b.clients, b.against)
	figures = []figure{
		figureRates(name, limit{"≥", 1.6}, results[now], results[before]),
		figureRates("… to Centrifugo's RPC proxy, nginx, php-fpm", limit{"≥", 1}, results[now], results[centrifugo]),
		figureRatio("… PHP's CPU per echo, to that of its proxy script", limit{"≤", 1.8}, brief, results[now], results[centrifugo], phpCPU),
	}
	return figures, b.profileAll(ctx, all, b.echoJob())
}
