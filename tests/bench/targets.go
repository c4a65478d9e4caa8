package main

import (
	"context"
	"fmt"
	"strings"
)

// target is something wanted of wsbridge, and what was measured of it.
type target struct {
	name     string
	limit    limit // zero: it explains the others
	measured float64
	write    func(float64) string
}

// measureTargets prints whether wsbridge is as fast as it is wanted to be.
func measureTargets(ctx context.Context, o options) error {
	var rounds [][]target
	for range o.rounds {
		round, err := measureTargetsOnce(ctx, o)
		if err != nil {
			return err
		}
		rounds = append(rounds, round)
	}
	fmt.Printf("\nmedian of %d rounds\n\n| what | wanted | measured | in each round | |\n| --- | ---: | ---: | --- | --- |\n", o.rounds)
	for i := range rounds[0] {
		printTarget(i, rounds)
	}
	return nil
}

func measureTargetsOnce(ctx context.Context, o options) ([]target, error) {
	bare, err := measureBare(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("bare codec: %w", err)
	}
	echo, paced, err := measurePaced(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("paced: %w", err)
	}
	floor, err := measureFloor(ctx, o, loaded*echo.rate)
	if err != nil {
		return nil, fmt.Errorf("floor: %w", err)
	}
	garbage, err := measureGarbage(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("garbage: %w", err)
	}
	scaling, err := measureSleeping(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("sleeping: %w", err)
	}
	return []target{
		{fmt.Sprintf("own-row echoes/s of %d clients", o.clients), limit{}, echo.rate, whole},
		{"… to the bare codec's", limit{"≥", 0.6}, echo.rate / bare.rate, ratio},
		{"median latency of 1 client, the bare codec's", limit{}, float64(bare.single), brief},
		{"… added to it", limit{"≤", 60e3}, float64(echo.single - bare.single), brief},
		{fmt.Sprintf("median at %.0f %% of the highest rate", 100*loaded), limit{}, float64(paced.p50), brief},
		{"… p99, to it", limit{"≤", 3}, float64(paced.p99) / float64(paced.p50), ratio},
		{"p99 at that rate", limit{}, float64(paced.p99), brief},
		{"p99 at that rate of a Go server alone: the machine's", limit{}, float64(floor.p99), brief},
		{"wsbridge's CPU per echo", limit{"≤", 25e3}, float64(echo.bridge), brief},
		{"wsbridge's garbage per echo, in bytes", limit{"≤", 2000}, garbage, whole},
		{fmt.Sprintf("rate with %d workers that sleep, to that with 1", manyWorkers), limit{"≥", 50}, scaling, ratio},
	}, nil
}

func printTarget(i int, rounds [][]target) {
	var values []float64
	var each []string
	t := rounds[0][i]
	for _, round := range rounds {
		values, each = append(values, round[i].measured), append(each, t.write(round[i].measured))
	}
	middle := median(values)
	fmt.Printf("| %s | %s | %s | %s | %s |\n", t.name, t.limit.text(t.write), t.write(middle), strings.Join(each, ", "), t.limit.verdict(middle))
}

func ratio(x float64) string { return fmt.Sprintf("%.2f", x) }

func whole(x float64) string { return fmt.Sprintf("%.0f", x) }
