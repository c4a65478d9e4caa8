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
	asking  int
	crowds  []*crowd
	results [][]result // by crowd, then by round
}

func measureScales(ctx context.Context, o options) error {
	for _, isolation := range o.isolations {
		if err := measureScale(ctx, o, isolation); err != nil {
			return fmt.Errorf("isolation %s: %w", isolation, err)
		}
	}
	return nil
}

// measureScale measures what an event costs with few and with many clients connected. All crowds stay connected while each
// is measured in its turn, again and again, so that what else happens on the machine meets all of them.
func measureScale(ctx context.Context, o options, isolation string) (err error) {
	crowds, err := startCrowds(o, isolation)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopCrowds(crowds)) }()
	all := listSeries(o, isolation, crowds)
	for range o.rounds {
		for _, s := range all {
			if err := s.round(ctx, o.duration); err != nil {
				return fmt.Errorf("%s event, %d asking: %w", s.name, s.asking, err)
			}
		}
	}
	fmt.Printf("\nmedian of %d rounds, ratios to the fewest clients of the same round\n\n", o.rounds)
	fmt.Println("| isolation | event | asking | clients | p50 | ratio | p99 | events/s | ratio | CPU/event: wsbridge, php | ratio |")
	fmt.Println("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, s := range all {
		s.print(isolation)
	}
	fmt.Println()
	for _, clients := range o.connected {
		fmt.Printf("%d clients connected in %v\n", clients, crowds[clients].connecting.Round(10*time.Millisecond))
	}
	return nil
}

// listSeries lists what to measure: each event with one client asking and with many. With many, the fewest clients are those that ask.
func listSeries(o options, isolation string, crowds map[int]*crowd) (all []*series) {
	for _, e := range events() {
		if e.name == "table" && isolation == "connection" {
			continue // the event sees no table there
		}
		for _, asking := range slices.Compact([]int{1, o.clients}) {
			s := &series{event: e, asking: asking}
			for _, clients := range o.connected {
				if c := crowds[max(clients, asking)]; !slices.Contains(s.crowds, c) {
					s.crowds = append(s.crowds, c)
				}
			}
			s.results = make([][]result, len(s.crowds))
			all = append(all, s)
		}
	}
	return all
}

func (s *series) round(ctx context.Context, d time.Duration) error {
	for i, c := range s.crowds {
		r, err := c.run(ctx, s.event, s.asking, d)
		if err != nil {
			return fmt.Errorf("%d clients: %w", c.clients, err)
		}
		s.results[i] = append(s.results[i], r)
	}
	return nil
}

func (s *series) print(isolation string) {
	for i, c := range s.crowds {
		value := func(of func(r result) float64) float64 { return median(each(s.results[i], of)) }
		toFewest := func(of func(r result) float64) string {
			return ratio(median(ratios(each(s.results[i], of), each(s.results[0], of))))
		}
		fmt.Printf("| %s | %s | %d | %d | %s | %s | %s | %.0f | %s | %s, %s | %s |\n", isolation, s.name, s.asking, c.clients, brief(value(p50)), toFewest(p50),
			brief(value(p99)), value(rate), toFewest(rate), brief(value(serverCPU)), brief(value(phpCPU)), toFewest(totalCPU))
	}
}
