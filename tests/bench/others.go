package main

import (
	"context"
	"errors"
	"fmt"
)

// Idle clients by which the memory of a connection is measured: fewer where each has a process of its own.
const idleOfOthers, idleWithProcesses = 1000, 100

// other is a program that echoes texts, by PHP or without.
type other struct {
	name   string
	start  func(o options, p *php) (*program, error)
	rounds []result
}

// program is such a program while it runs.
type program struct {
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
func startBridge(o options, p *php) (*program, error) {
	s, err := startServer(setup{binary: o.binary, source: echoing, isolation: "auto", workers: workers, fpm: p})
	if err != nil {
		return nil, err
	}
	return &program{
		server: s.own, php: s.php, counted: s.own,
		connect: s.echoes, address: s.log.address, idle: idleOfOthers,
		stop: s.stop,
	}, nil
}

// measureOthers echoes through wsbridge and through other programs, in turn. All that use php-fpm use the same.
func measureOthers(ctx context.Context, o options) (err error) {
	p, err := startPHP(ctx, echoing)
	if err != nil {
		return err
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
	fmt.Printf("\nmedian of %d rounds; ratios, in brackets, to the first line of the same round\n\n", o.rounds)
	fmt.Printf("| what | %d clients: echoes/s | p50 | p99 | 1 client: p50 | CPU/echo: load, server, PHP | memory/connection |\n", o.clients)
	fmt.Println("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, other := range all {
		other.print(all[0])
	}
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

func (p *program) measure(ctx context.Context, o options) (r result, err error) {
	callers, hangUp, err := p.connect(o.clients)
	if err != nil {
		return r, err
	}
	defer hangUp()
	if r, err = measureEchoes(ctx, callers, o.duration, p.server, p.php); err != nil || p.idle == 0 {
		return r, err
	}
	before := sharedMemory(p.counted())
	idle, err := holdIdle(p.address, o.clients, p.idle)
	if err != nil {
		return r, err
	}
	defer idle.stop()
	r.memory = float64(sharedMemory(p.counted())-before) / float64(p.idle)
	return r, nil
}

func (other *other) print(first *other) {
	value := func(of func(result) float64) float64 { return median(each(other.rounds, of)) }
	toFirst := func(of func(result) float64) string {
		return ratio(median(ratios(each(other.rounds, of), each(first.rounds, of))))
	}
	fmt.Printf("| %s | %.0f (%s) |", other.name, value(rate), toFirst(rate))
	for _, of := range []func(result) float64{p50, p99, single} {
		fmt.Printf(" %s (%s) |", brief(value(of)), toFirst(of))
	}
	fmt.Printf(" %s, %s, %s |", brief(value(loadCPU)), brief(value(serverCPU)), brief(value(phpCPU)))
	fmt.Printf(" %s |\n", kilobytes(value(connectionMemory)))
}
