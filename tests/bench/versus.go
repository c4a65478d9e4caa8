package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// Sides of a comparison: an older wsbridge, and the one of -wsbridge.
const (
	before = iota
	now
	sides
)

// measured is what was measured on each side, in each round.
type measured [sides][]result

func (m *measured) compare(name string, wanted limit, write func(float64) string, of func(result) float64) comparison {
	return comparison{name, wanted, write, each(m[before], of), each(m[now], of)}
}

// measureVersus compares wsbridge with one built from an older commit. The sides take turns in each round, so that what else happens on the
// machine meets both, and the median of the rounds' ratios counts.
func measureVersus(ctx context.Context, o options) (err error) {
	dir, err := buildCommit(ctx, o.against)
	if err != nil {
		return fmt.Errorf("-against %q: %w", o.against, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binaries := [sides]string{builtBinary(dir), o.binary}
	var all []comparison
	for _, compare := range []func(context.Context, options, [sides]string) ([]comparison, error){compareEchoes, compareIdle, compareBroadcasts} {
		some, err := compare(ctx, o, binaries)
		if err != nil {
			return err
		}
		all = append(all, some...)
	}
	fmt.Printf("\nbefore: %s, now: %s; medians of %d rounds, of memory at most %d\n\n", o.against, o.binary, o.rounds, idleRounds)
	printComparisons(all)
	return nil
}

// onBoth does something on each side in each round.
func onBoth(ctx context.Context, rounds int, do func(side int) error) error {
	return inTurn(ctx, rounds, sides, do)
}

// compareEchoes has both sides echo own-row texts, of many clients and then of one.
func compareEchoes(ctx context.Context, o options, binaries [sides]string) (all []comparison, err error) {
	var many, one measured
	old, recent := o.setup(binaries[before], echoing), o.setup(binaries[now], echoing)
	err = withEchoes(old, o.clients, func(s *server, callers []call) error {
		return withEchoes(recent, o.clients, func(s2 *server, callers2 []call) error {
			many, one, err = echoRounds(ctx, o, [sides]*server{s, s2}, [sides][]call{callers, callers2})
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	clients := fmt.Sprintf("%d clients: ", o.clients)
	return []comparison{
		many.compare(clients+"echoes/s", limit{"≥", 1.15}, whole, rate),
		many.compare(clients+"wsbridge's CPU per echo", limit{"≤", 0.8}, brief, serverCPU),
		many.compare(clients+"php-fpm's CPU per echo", limit{}, brief, phpCPU),
		many.compare(clients+"median latency", limit{}, brief, p50),
		many.compare(clients+"p99", limit{}, brief, p99),
		one.compare("1 client: median latency", limit{"≤", 0.85}, brief, p50),
		one.compare("1 client: wsbridge's CPU per echo", limit{}, brief, serverCPU),
		one.compare("1 client: php-fpm's CPU per echo", limit{}, brief, phpCPU),
	}, nil
}

func echoRounds(ctx context.Context, o options, servers [sides]*server, callers [sides][]call) (many, one measured, err error) {
	measureSide := func(side, clients int, d time.Duration, into *measured) error {
		r, err := servers[side].measure(ctx, callers[side][:clients], d)
		into[side] = append(into[side], r)
		return err
	}
	var discarded measured // opcache and the processors warm up
	err = onBoth(ctx, 1, func(side int) error { return measureSide(side, o.clients, o.duration/2, &discarded) })
	if err != nil {
		return many, one, err
	}
	err = onBoth(ctx, o.rounds, func(side int) error {
		return errors.Join(measureSide(side, o.clients, o.duration, &many), measureSide(side, 1, o.duration, &one))
	})
	return many, one, err
}

func (o options) setup(binary, source string) setup {
	return setup{binary: binary, source: source, isolation: o.isolations[0], workers: workers}
}

// idleRounds bounds the rounds that connect idle clients: they are long, since each starts the servers anew, and memory varies little.
const idleRounds = 3

// compareIdle connects idle clients to both sides.
func compareIdle(ctx context.Context, o options, binaries [sides]string) ([]comparison, error) {
	var all measured
	err := onBoth(ctx, min(o.rounds, idleRounds), func(side int) error {
		bytes, err := idleMemory(o, binaries[side])
		all[side] = append(all[side], result{memory: bytes})
		return err
	})
	if err != nil {
		return nil, err
	}
	return []comparison{all.compare(fmt.Sprintf("memory per idle client of %d, in bytes", o.idle), limit{"≤", 1}, whole, connectionMemory)}, nil
}

// idleMemory returns how much memory an idle client adds to a wsbridge whose garbage collector keeps little that is not in use: how much it
// would keep otherwise depends on when it last ran.
func idleMemory(o options, binary string) (bytes float64, err error) {
	with := o.setup(binary, echoing)
	with.env = []string{"GOGC=10"}
	err = withEchoes(with, 1, func(s *server, _ []call) error {
		without := sharedMemory(s.own())
		clients, err := holdIdle(s.log.address, 1, o.idle)
		if err != nil {
			return err
		}
		defer clients.stop()
		bytes = float64(sharedMemory(s.own())-without) / float64(o.idle)
		return nil
	})
	return bytes, err
}
