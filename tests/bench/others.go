package main

import (
	"context"
	"errors"
	"fmt"
)

// held are idle clients of which a program's memory of a connection is told, fewer where each has a process of its own.
const held, heldByProcesses = 1000, 100

// other is a program that echoes texts, by PHP or without, while it runs.
type other struct {
	name   string
	start  func(o options, p *php) (*running, error)
	rounds []result
}

// running is such a program.
type running struct {
	server, php processes
	counted     processes // those that have memory of a connection
	connect     func(n int) (callers []call, hangUp func(), err error)
	address     string // for idle clients
	idle        int    // 0: it holds no WebSockets
	stop        func() error
}

func others() []*other {
	return []*other{
		{name: "wsbridge", start: startBridge}, // what the others are compared with
		{name: "Pushpin, nginx, php-fpm", start: startPushpin},
		{name: "websocketd, a PHP process per client", start: startWebsocketd},
		{name: "nginx, php-fpm: HTTP alone", start: startHTTP},
		{name: "Go alone: no PHP", start: startEcho},
	}
}

// startBridge runs wsbridge with the php-fpm that the others use.
func startBridge(o options, p *php) (*running, error) {
	s, err := startServer(setup{binary: o.binary, source: echoing, isolation: "auto", workers: workers, fpm: p})
	if err != nil {
		return nil, err
	}
	return &running{
		server: s.own, php: s.php, counted: s.own,
		connect: s.echoes, address: s.log.address, idle: held,
		stop: s.stop,
	}, nil
}

// measureOthers echoes through wsbridge and through other programs, in turn; those that use php-fpm use the same.
func measureOthers(ctx context.Context, o options) (err error) {
	p, err := startPHP(ctx, echoing, nil)
	if err != nil {
		return fmt.Errorf("start php-fpm: %w", err)
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	all := others()
	for range o.rounds {
		for _, other := range all {
			if err := other.round(ctx, o, p); err != nil {
				return fmt.Errorf("%s: %w", other.name, err)
			}
		}
	}
	printOthers(o, all)
	return nil
}

func (other *other) round(ctx context.Context, o options, p *php) (err error) {
	program, err := other.start(o, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, program.stop()) }()
	r, err := program.measure(ctx, o)
	other.rounds = append(other.rounds, r)
	return err
}

func (r *running) measure(ctx context.Context, o options) (result result, err error) {
	callers, hangUp, err := r.connect(o.clients)
	if err != nil {
		return result, err
	}
	defer hangUp()
	if result, err = measureEchoes(ctx, callers, o.duration, r.server, r.php); err != nil || r.idle == 0 {
		return result, err
	}
	before := shareOfMemory(r.counted())
	idle, err := startIdle(r.address, o.clients, r.idle)
	if err != nil {
		return result, err
	}
	defer idle.stop()
	result.memory = float64(shareOfMemory(r.counted())-before) / float64(r.idle)
	return result, nil
}

func printOthers(o options, all []*other) {
	fmt.Printf("\nmedian of %d rounds; ratios, in brackets, to the first line of the same round\n\n", o.rounds)
	fmt.Printf("| what | %d clients: echoes/s | p50 | p99 | 1 client: p50 | CPU/echo: load, server, PHP | memory/connection |\n", o.clients)
	fmt.Println("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, other := range all {
		other.print(all[0])
	}
}

func (other *other) print(first *other) {
	value := func(of func(result) float64) string { return brief(medianOf(other.rounds, of)) }
	ratio := func(of func(result) float64) string {
		var ratios []float64
		for i, r := range other.rounds {
			ratios = append(ratios, of(r)/of(first.rounds[i]))
		}
		return fmt.Sprintf("(%.2f)", median(ratios))
	}
	fmt.Printf("| %s | %.0f %s |", other.name, medianOf(other.rounds, rate), ratio(rate))
	for _, of := range []func(result) float64{p50, p99, single} {
		fmt.Printf(" %s %s |", value(of), ratio(of))
	}
	fmt.Printf(" %s, %s, %s |", value(loadCPU), value(bridgeCPU), value(phpCPU))
	fmt.Printf(" %s |\n", kilobytes(medianOf(other.rounds, connectionMemory)))
}
