package main

import (
	"context"
	"fmt"
)

// targetRound is what is measured once a round.
type targetRound struct {
	bare, echo    result
	paced, floor  result  // at a part of echo's rate, by wsbridge and by a Go server alone
	garbage       float64 // bytes per echo
	sleepingRatio float64
}

// measureTargets prints whether wsbridge is as fast as it is wanted to be.
func measureTargets(ctx context.Context, o options) error {
	var rounds []targetRound
	for range o.rounds {
		r, err := measureTargetRound(ctx, o)
		if err != nil {
			return err
		}
		rounds = append(rounds, r)
	}
	fmt.Printf("\nmedian of %d rounds\n\n", o.rounds)
	printRows(targets(o, rounds))
	return nil
}

func measureTargetRound(ctx context.Context, o options) (r targetRound, err error) {
	if r.bare, err = measureBare(ctx, o); err != nil {
		return r, fmt.Errorf("bare codec: %w", err)
	}
	if r.echo, r.paced, err = measurePaced(ctx, o); err != nil {
		return r, fmt.Errorf("paced: %w", err)
	}
	if r.floor, err = measureFloor(ctx, o, pacedPart*r.echo.rate); err != nil {
		return r, fmt.Errorf("floor: %w", err)
	}
	if r.garbage, err = measureGarbage(ctx, o); err != nil {
		return r, fmt.Errorf("garbage: %w", err)
	}
	if r.sleepingRatio, err = measureSleeping(ctx, o); err != nil {
		return r, fmt.Errorf("sleeping: %w", err)
	}
	return r, nil
}

func targets(o options, rounds []targetRound) []row {
	of := func(f func(targetRound) float64) []float64 { return each(rounds, f) }
	return []row{
		{fmt.Sprintf("own-row echoes/s of %d clients", o.clients), limit{}, whole, of(func(r targetRound) float64 { return r.echo.rate })},
		{"… to the bare codec's", limit{"≥", 0.6}, ratio, of(func(r targetRound) float64 { return r.echo.rate / r.bare.rate })},
		{"median latency of 1 client, the bare codec's", limit{}, brief, of(func(r targetRound) float64 { return single(r.bare) })},
		{"… added to it", limit{"≤", 60e3}, brief, of(func(r targetRound) float64 { return single(r.echo) - single(r.bare) })},
		{fmt.Sprintf("median at %.0f %% of the highest rate", 100*pacedPart), limit{}, brief, of(func(r targetRound) float64 { return p50(r.paced) })},
		{"… p99, to it", limit{"≤", 3}, ratio, of(func(r targetRound) float64 { return p99(r.paced) / p50(r.paced) })},
		{"p99 at that rate", limit{}, brief, of(func(r targetRound) float64 { return p99(r.paced) })},
		{"p99 at that rate of a Go server alone: the machine's", limit{}, brief, of(func(r targetRound) float64 { return p99(r.floor) })},
		{"wsbridge's CPU per echo", limit{"≤", 25e3}, brief, of(func(r targetRound) float64 { return serverCPU(r.echo) })},
		{"wsbridge's garbage per echo, in bytes", limit{"≤", 2000}, whole, of(func(r targetRound) float64 { return r.garbage })},
		{fmt.Sprintf("rate with %d workers that sleep, to that with 1", manyWorkers), limit{"≥", 50}, ratio,
			of(func(r targetRound) float64 { return r.sleepingRatio })},
	}
}
