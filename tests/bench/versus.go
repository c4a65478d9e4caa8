package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// sides are the two programs of a comparison: an older wsbridge, and the one of -wsbridge.
const (
	before = iota
	now
	sides
)

// pair is a value for each side.
type pair [sides]float64

// comparison is one thing measured on both sides, once a round.
type comparison struct {
	name   string
	limit  limit // of the ratio of now to before
	write  func(float64) string
	rounds []pair
}

// measureVersus compares wsbridge with one built from an older commit. The sides take turns in each round, so that what else happens on the
// machine meets both, and the median of the rounds' ratios counts.
func measureVersus(ctx context.Context, o options) (err error) {
	dir, err := buildCommit(ctx, o.against)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binaries := [sides]string{builtBinary(dir), o.binary}
	var all []comparison
	for _, compare := range []func(context.Context, options, [sides]string) ([]comparison, error){
		compareEchoes, compareIdle, compareBroadcasts,
	} {
		some, err := compare(ctx, o, binaries)
		if err != nil {
			return err
		}
		all = append(all, some...)
	}
	printVersus(o, all)
	return nil
}

// compareEchoes has both sides echo own-row texts, of many clients and then of one.
func compareEchoes(ctx context.Context, o options, binaries [sides]string) (all []comparison, err error) {
	var servers [sides]*server
	defer func() { err = errors.Join(err, stopServers(servers)) }()
	var callers [sides][]call
	for side, binary := range binaries {
		if servers[side], err = startServer(setup{binary: binary, source: echoing, isolation: o.isolations[0], workers: workers}); err != nil {
			return nil, sideError(o, side, err)
		}
		var hangUp func()
		if callers[side], hangUp, err = servers[side].echoes(o.clients); err != nil {
			return nil, sideError(o, side, err)
		}
		defer hangUp()
	}
	many, one, err := echoRounds(ctx, o, servers, callers)
	if err != nil {
		return nil, err
	}
	clients := fmt.Sprintf("%d clients: ", o.clients)
	return []comparison{
		compared(clients+"echoes/s", limit{"≥", 1.15}, whole, many, rate),
		compared(clients+"wsbridge's CPU per echo", limit{"≤", 0.8}, brief, many, bridgeCPU),
		compared(clients+"php-fpm's CPU per echo", limit{}, brief, many, phpCPU),
		compared(clients+"median latency", limit{}, brief, many, p50),
		compared(clients+"p99", limit{}, brief, many, p99),
		compared("1 client: median latency", limit{"≤", 0.85}, brief, one, p50),
		compared("1 client: wsbridge's CPU per echo", limit{}, brief, one, bridgeCPU),
		compared("1 client: php-fpm's CPU per echo", limit{}, brief, one, phpCPU),
	}, nil
}

func echoRounds(ctx context.Context, o options, servers [sides]*server, callers [sides][]call) (many, one [sides][]result, err error) {
	for side := range servers {
		if _, _, err := drive(ctx, callers[side], o.duration/2); err != nil { // opcache and the processors warm up
			return many, one, sideError(o, side, err)
		}
	}
	for round := range o.rounds {
		for _, asking := range []struct {
			clients  int
			measured *[sides][]result
		}{{o.clients, &many}, {1, &one}} {
			for _, side := range turns(round) {
				r, err := servers[side].measure(ctx, callers[side][:asking.clients], o.duration)
				if err != nil {
					return many, one, sideError(o, side, err)
				}
				asking.measured[side] = append(asking.measured[side], r)
			}
		}
	}
	return many, one, nil
}

// frugalGC makes the Go runtime keep little memory that is not in use, since what it keeps depends on when it last collected.
const frugalGC = "GOGC=10"

// compareIdle connects idle clients to both sides. As each round starts the servers anew, and their memory varies little, there are at
// most three.
func compareIdle(ctx context.Context, o options, binaries [sides]string) (all []comparison, err error) {
	var measured [sides][]result
	for round := range min(o.rounds, 3) {
		for _, side := range turns(round) {
			bytes, err := idleMemory(o, binaries[side])
			if err != nil {
				return nil, sideError(o, side, err)
			}
			measured[side] = append(measured[side], result{memory: bytes})
		}
	}
	name := fmt.Sprintf("memory per idle client of %d, in bytes", o.idle)
	return []comparison{compared(name, limit{"≤", 1}, whole, measured, connectionMemory)}, nil
}

// idleMemory returns how much resident memory an idle client adds to a wsbridge.
func idleMemory(o options, binary string) (bytes float64, err error) {
	s, err := startServer(setup{binary: binary, source: echoing, isolation: o.isolations[0], workers: workers, env: []string{frugalGC}})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	callers, hangUp, err := s.echoes(1)
	if err != nil {
		return 0, err
	}
	defer hangUp()
	if err := callers[0](); err != nil {
		return 0, err
	}
	without := shareOfMemory(s.own())
	idle, err := startIdle(s.log.address, 1, o.idle)
	if err != nil {
		return 0, err
	}
	defer idle.stop()
	return float64(shareOfMemory(s.own())-without) / float64(o.idle), nil
}

// turns is the order of the sides in a round: they swap, so that neither always runs after the other.
func turns(round int) []int {
	if round%2 == 0 {
		return []int{before, now}
	}
	return []int{now, before}
}

func stopServers(servers [sides]*server) (err error) {
	for _, s := range servers {
		if s != nil {
			err = errors.Join(err, s.stop())
		}
	}
	return err
}

func sideError(o options, side int, err error) error {
	if side == before {
		return fmt.Errorf("wsbridge of %s: %w", o.against, err)
	}
	return fmt.Errorf("%s: %w", o.binary, err)
}

func compared(name string, wanted limit, write func(float64) string, measured [sides][]result, of func(result) float64) comparison {
	c := comparison{name: name, limit: wanted, write: write}
	for i := range measured[before] {
		c.rounds = append(c.rounds, pair{of(measured[before][i]), of(measured[now][i])})
	}
	return c
}

func printVersus(o options, all []comparison) {
	fmt.Printf("\n%s before, %s now; medians of up to %d rounds\n\n", o.against, o.binary, o.rounds)
	fmt.Println("| what | before | now | now to before | in each round | wanted | |\n| --- | ---: | ---: | ---: | --- | ---: | --- |")
	for _, c := range all {
		c.print()
	}
}

func (c comparison) print() {
	var values [sides][]float64
	var ratios []float64
	var each []string
	for _, round := range c.rounds {
		ratios = append(ratios, round[now]/round[before])
		for side, value := range round {
			values[side] = append(values[side], value)
		}
		each = append(each, ratio(round[now]/round[before]))
	}
	middle := median(slices.Clone(ratios))
	fmt.Printf("| %s | %s | %s | %s | %s | %s | %s |\n", c.name, c.write(median(values[before])), c.write(median(values[now])),
		ratio(middle), strings.Join(each, ", "), c.limit.text(ratio), c.limit.verdict(middle))
}
