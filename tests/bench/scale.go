package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// series is one event measured with more and more clients connected, in several rounds.
type series struct {
	event
	asking int
	sites  []*site
	rounds [][]result // by round, then by site
}

// measureScale measures what an event costs with few and with many clients connected. All sites stand ready while each
// is measured in its turn, again and again, so that what else happens on the machine meets all of them alike.
func measureScale(ctx context.Context, o options, isolation string) (err error) {
	sites, err := startSites(o, isolation)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopSites(sites)) }()
	all := plan(o, isolation, sites)
	for range o.rounds {
		for i := range all {
			if err := all[i].round(ctx, o.duration); err != nil {
				return fmt.Errorf("%s event, %d asking: %w", all[i].name, all[i].asking, err)
			}
		}
	}
	printScale(isolation, all)
	for _, clients := range o.connected {
		fmt.Printf("%d clients connected in %v\n", clients, sites[clients].connecting.Round(10*time.Millisecond))
	}
	return nil
}

// plan lists what to measure: each event with one client asking and with many. With many, the fewest clients are those.
func plan(o options, isolation string, sites map[int]*site) (all []series) {
	for _, e := range events() {
		if e.name == "table" && isolation == "connection" {
			continue // the event sees no table there
		}
		for _, asking := range slices.Compact([]int{1, o.clients}) {
			s := series{event: e, asking: asking}
			for _, clients := range o.connected {
				if at := sites[max(clients, asking)]; !slices.Contains(s.sites, at) {
					s.sites = append(s.sites, at)
				}
			}
			all = append(all, s)
		}
	}
	return all
}

func (s *series) round(ctx context.Context, d time.Duration) error {
	var results []result
	for _, at := range s.sites {
		r, err := at.run(ctx, s.event, s.asking, d)
		if err != nil {
			return fmt.Errorf("%d clients: %w", at.clients, err)
		}
		results = append(results, r)
	}
	s.rounds = append(s.rounds, results)
	return nil
}

func printScale(isolation string, all []series) {
	fmt.Printf("\nmedian of %d rounds, ratios to the fewest clients of the same round\n\n", len(all[0].rounds))
	fmt.Println("| isolation | event | asking | clients | p50 | ratio | p99 | events/s | ratio | CPU/event: wsbridge, php | ratio |")
	fmt.Println("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, s := range all {
		s.print(isolation)
	}
	fmt.Println()
}

func (s *series) print(isolation string) {
	for i, at := range s.sites {
		value := func(of func(r result) float64) float64 {
			return s.median(func(round []result) float64 { return of(round[i]) })
		}
		ratio := func(of func(r result) float64) float64 {
			return s.median(func(round []result) float64 { return of(round[i]) / of(round[0]) })
		}
		length := func(of func(r result) float64) time.Duration { return round(time.Duration(value(of))) }
		fmt.Printf("| %s | %s | %d | %d | %v | %.2f | %v | %.0f | %.2f | %v, %v | %.2f |\n", isolation, s.name, s.asking, at.clients,
			length(p50), ratio(p50), length(p99), value(rate), ratio(rate), length(bridgeCPU), length(phpCPU), ratio(cpuTime))
	}
}

// median of the rounds.
func (s *series) median(of func(round []result) float64) float64 {
	var values []float64
	for _, round := range s.rounds {
		values = append(values, of(round))
	}
	return median(values)
}

func p50(r result) float64       { return float64(r.p50) }
func p99(r result) float64       { return float64(r.p99) }
func rate(r result) float64      { return r.rate }
func bridgeCPU(r result) float64 { return float64(r.bridge) }
func phpCPU(r result) float64    { return float64(r.php) }
func cpuTime(r result) float64   { return float64(r.bridge + r.php) }
