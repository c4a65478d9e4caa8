package main

import (
	"fmt"
	"slices"
	"time"
)

// result is one measurement: many callers, and one alone.
type result struct {
	rate     float64 // events per second
	p50, p99 time.Duration
	single   time.Duration // median with one caller
	// CPU time per event of the load generator, of the server and of PHP.
	load, server, php time.Duration
	memory            float64 // bytes of a connection, in the server and in PHP
}

func rate(r result) float64             { return r.rate }
func p50(r result) float64              { return float64(r.p50) }
func p99(r result) float64              { return float64(r.p99) }
func single(r result) float64           { return float64(r.single) }
func loadCPU(r result) float64          { return float64(r.load) }
func serverCPU(r result) float64        { return float64(r.server) }
func phpCPU(r result) float64           { return float64(r.php) }
func totalCPU(r result) float64         { return float64(r.server + r.php) }
func allCPU(r result) float64           { return float64(r.load + r.server + r.php) }
func connectionMemory(r result) float64 { return r.memory }

// latencies of one caller after another; merged at the end, so that callers share nothing while they measure.
type latencies [][]time.Duration

func (l latencies) summary(took time.Duration) (rate float64, p50, p99 time.Duration) {
	all := slices.Concat(l...)
	if len(all) == 0 {
		return 0, 0, 0
	}
	slices.Sort(all)
	return float64(len(all)) / took.Seconds(), all[len(all)/2], all[len(all)*99/100]
}

func (l latencies) count() (n int) {
	for _, one := range l {
		n += len(one)
	}
	return n
}

// each takes one value of each round.
func each[T any](rounds []T, of func(T) float64) (values []float64) {
	for _, r := range rounds {
		values = append(values, of(r))
	}
	return values
}

// ratios of values to those of the same rounds.
func ratios(values, base []float64) (all []float64) {
	for i, value := range values {
		all = append(all, value/base[i])
	}
	return all
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// brief writes nanoseconds with three digits.
func brief(ns float64) string {
	d, unit := time.Duration(ns), time.Duration(1)
	for d >= 1000*unit {
		unit *= 10
	}
	return d.Round(unit).String()
}

func ratio(x float64) string { return fmt.Sprintf("%.2f", x) }

func whole(x float64) string { return fmt.Sprintf("%.0f", x) }

func kilobytes(bytes float64) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f KB", bytes/1000)
}
