package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/websocket"
)

// sleepingBesideQuick has a slow handler and a quick one, which see their own row only.
const sleepingBesideQuick = sleeping + `
function ws_server_binary(&$connections,&$connection,$client_key,$data) { send_text($client_key,$data); }`

// quickClients send that many quick events a second, in turn.
const quickClients, quickRate = 10, 400

// measureSlow compares what a slow handler does with many workers, to the rate with one and to others' quick events.
func measureSlow(ctx context.Context, b *residents) (figures []figure, err error) {
	one, many := b.now(sleepingBesideQuick), b.now(sleepingBesideQuick)
	one.workers, many.workers = 1, manyWorkers
	all, err := startAll(bridgeStarter("slow", many, manyWorkers), bridgeStarter("slow-1-worker", one, manyWorkers))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, all.close()) }()
	j := job{clients: manyWorkers, length: b.duration, ask: echoOf(message)}
	results, err := all.compare(ctx, b.rounds, j)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("own-row handler that sleeps 20 ms, %d workers: to 1 worker", manyWorkers)
	figures = []figure{figureRatio(name, limit{"≥", 50}, whole, results[0], results[1], rate)}
	quick, err := b.compareQuick(ctx, all[0], j)
	if err != nil {
		return nil, err
	}
	return append(figures, quick), b.profileAll(ctx, all[:1], j)
}

// compareQuick compares the latency of quick events while others run slow ones with that of quick events alone. They come at a fixed rate, which
// leaves the processors time in both cases.
func (b *residents) compareQuick(ctx context.Context, slow *contender, j job) (f figure, err error) {
	conns, err := dial(slow.address, manyWorkers, quickClients, false)
	if err != nil {
		return f, err
	}
	defer hangUp(conns)
	var clients []*client
	for _, conn := range conns {
		clients = append(clients, plainOf(conn, websocket.BinaryMessage))
	}
	measureQuick := func() (result, error) {
		return measureDriven(slow.server, slow.php, func() (latencies, time.Duration, error) {
			took, err := pace(ctx, clients, quickRate, b.duration)
			return took, b.duration, err
		})
	}
	const beside, alone = 0, 1
	var results [2][]result
	err = inTurn(ctx, b.rounds, len(results), func(i int) error {
		measure := measureQuick
		if i == beside {
			measure = func() (result, error) { return slow.while(ctx, j, measureQuick) }
		}
		r, err := measure()
		results[i] = append(results[i], r)
		return err
	})
	name := fmt.Sprintf("… meanwhile others' quick events, %d a second: median latency to that without slow ones", quickRate)
	f = figureRatio(name, limit{"≤", 1.5}, brief, results[beside], results[alone], p50)
	f.remarks = "" // the slow ones' would be in it
	return f, err
}

// while does a job for as long as do takes, and a bit longer on both sides.
func (c *contender) while(ctx context.Context, j job, do func() (result, error)) (r result, err error) {
	const margin = time.Second
	j.length += 2 * margin
	driven := make(chan error, 1)
	go func() { // ends after the job's length
		_, _, err := c.drive(ctx, j)
		driven <- c.failed(err)
	}()
	time.Sleep(margin) // all clients of the job wait for an answer by then
	r, err = do()
	return r, errors.Join(err, <-driven)
}
