package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// measureEcho compares small echoes in the default configuration.
func measureEcho(ctx context.Context, b *residents) (figures []figure, err error) {
	const now, before, bare, perClient = 0, 1, 2, 3
	all, err := startAll(
		bridgeStarter("echo", b.now(echoing), b.clients),
		bridgeStarter("echo-before", b.before(echoing), b.clients),
		func() (*contender, error) { return startOther(b.options, "bare echo", startEcho, b.clients) },
		func() (*contender, error) { return startOther(b.options, "websocketd", startWebsocketd, b.clients) },
	)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, all.close()) }()
	many, err := all.compare(ctx, b.rounds, b.echoJob())
	if err != nil {
		return nil, err
	}
	one, err := all[:perClient].measure(ctx, b.rounds, b.echoAlone())
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%d clients, default configuration: ", b.clients)
	figures = []figure{
		figureRates(name+"to "+b.against, limit{"≥", 4.5}, many[now], many[before]),
		figureRates("… to a bare echo server", limit{"≥", 0.5}, many[now], many[bare]),
		figureRates("… to websocketd, a PHP process per client", limit{"≥", 1}, many[now], many[perClient]),
		figureRatio("1 client: median latency, to the bare server's", limit{"≤", 3}, brief, one[now], one[bare], p50),
		figureRatio("wsbridge's CPU per echo, to the bare server's", limit{"≤", 2}, brief, many[now], many[bare], serverCPU),
	}
	return figures, b.profileAll(ctx, all, b.echoJob())
}

// measureSerial compares with all events run one after the other, as in one PHP process.
func measureSerial(ctx context.Context, b *residents) ([]figure, error) {
	with := b.now(echoing)
	with.isolation = "serial"
	f := figure{name: fmt.Sprintf("%d clients, isolation serial: to a select loop in PHP, polled at 1 ms", b.clients), limit: limit{"≥", 1.3}}
	return b.compareTwo(ctx, f, b.echoJob(), bridgeStarter("serial", with, b.clients),
		func() (*contender, error) { return startSelectLoop(time.Millisecond, b.clients) })
}

// measureLarge compares echoes of larger messages. websocketd's script reads lines, so they are one line.
func measureLarge(ctx context.Context, b *residents) ([]figure, error) {
	const clients, size = 16, 16 << 10
	text := strings.Repeat(message, size/len(message)+1)[:size]
	f := figure{name: fmt.Sprintf("16 KiB, %d clients: to websocketd", clients), limit: limit{"≥", 1}}
	return b.compareTwo(ctx, f, job{clients: clients, length: b.duration, ask: echoOf(text)}, bridgeStarter("large", b.now(echoing), clients),
		func() (*contender, error) { return startOther(b.options, "websocketd", startWebsocketd, clients) })
}

// compareTwo compares the rates of a job. It takes the name and the limit of f.
func (b *residents) compareTwo(ctx context.Context, f figure, j job, starts ...func() (*contender, error)) (figures []figure, err error) {
	all, err := startAll(starts...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, all.close()) }()
	results, err := all.compare(ctx, b.rounds, j)
	if err != nil {
		return nil, err
	}
	return []figure{figureRates(f.name, f.limit, results[0], results[1])}, b.profileAll(ctx, all, j)
}
