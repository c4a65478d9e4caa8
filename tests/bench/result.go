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
	load, bridge, php time.Duration
	memory            float64 // bytes of a connection, in the server and in PHP
}

func (r result) print(name string, bare result) {
	fmt.Printf("| %s | %.0f | %.2f | %v | %v | %v | %v | %v, %v, %v |\n", name, r.rate, r.rate/bare.rate,
		round(r.p50), round(r.p99), round(r.single), round(r.single-bare.single), round(r.load), round(r.bridge), round(r.php))
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Nanosecond) }

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

// brief writes a time with three digits.
func brief(ns float64) string {
	d, unit := time.Duration(ns), time.Duration(1)
	for d >= 1000*unit {
		unit *= 10
	}
	return d.Round(unit).String()
}

func kilobytes(bytes float64) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f KB", bytes/1000)
}

func medianOf(results []result, of func(result) float64) float64 {
	var values []float64
	for _, r := range results {
		values = append(values, of(r))
	}
	return median(values)
}

func single(r result) float64           { return float64(r.single) }
func loadCPU(r result) float64          { return float64(r.load) }
func connectionMemory(r result) float64 { return r.memory }
