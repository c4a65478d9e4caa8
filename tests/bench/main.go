// Command bench measures wsbridge: whole processes, in one run on one machine, so that ratios hold where absolute numbers do not.
// make bench runs it, and -parts says what to measure.
//
// It is a program and not a Go benchmark because wsbridge, php-fpm and this load generator share the machine's processors, and each
// one's CPU time is part of the result.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// workers of every php-fpm measured, and callers of the bare codec.
const workers = 4

type options struct {
	binary     string
	against    string
	duration   time.Duration
	clients    int
	idle       int
	listeners  int
	connected  numberList
	isolations []string
	rounds     int
	parts      []string
	figures    []string
	profile    string

	hold holdOptions // of a process that only holds clients
	echo string      // address of a process that only echoes
}

func main() {
	o := parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	do := bench
	switch {
	case o.hold.clients > 0:
		do = hold
	case o.echo != "":
		do = serveEcho
	}
	if err := do(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse() (o options) {
	o.connected = numberList{10, 1000, 10000}
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	flag.StringVar(&o.binary, "wsbridge", "bin/wsbridge", "the `program` to measure, built without the race detector")
	flag.StringVar(&o.against, "against", "1083421", "the `commit` that versus and resident build and compare with")
	flag.DurationVar(&o.duration, "for", 5*time.Second, "`time` of each measurement")
	flag.IntVar(&o.rounds, "rounds", 3, "how many `times` to measure; the median counts")
	flag.IntVar(&o.clients, "clients", 64, "`clients` that ask at once")
	flag.IntVar(&o.idle, "idle", 10000, "idle `clients` of the memory measurement")
	flag.IntVar(&o.listeners, "listeners", 5000, "`clients` that a message is broadcast to")
	flag.Var(&o.connected, "connected", "how many `clients` are connected for scale, comma-separated and ascending")
	isolations := flag.String("isolation", "auto,serial", "isolation `modes` to measure for scale, comma-separated; versus takes the first")
	chosen := flag.String("parts", "targets,scale,idle,broadcast", "`what` to measure, comma-separated: "+strings.Join(names, ", "))
	figures := flag.String("figures", strings.Join(figureGroupNames(), ","), "what to measure for resident, comma-separated")
	flag.StringVar(&o.profile, "profile", "", "a `folder` that resident and journal write CPU profiles of wsbridge into, after each measurement")
	o.hold.flags()
	flag.StringVar(&o.echo, "echo", "", "only serve echoes at this `address`, for the other measurements")
	flag.Parse()
	o.figures = strings.Split(*figures, ",")
	o.isolations, o.parts = strings.Split(*isolations, ","), strings.Split(*chosen, ",")
	return o
}

// part is one kind of measurement.
type part struct {
	name    string
	measure func(context.Context, options) error
	clients func(options) int // that one process has at once
}

func parts() []part {
	return []part{
		{"targets", measureTargets, func(o options) int { return 2*o.clients + manyWorkers }},
		{"scale", measureScales, func(o options) int { return max(slices.Max(o.connected), 4*o.clients) }},
		{"idle", measureIdle, func(o options) int { return o.idle }},
		{"broadcast", measureBroadcast, func(o options) int { return 2 * o.listeners }},
		{"others", measureOthers, func(o options) int { return idleOfOthers + o.clients }},
		{"versus", measureVersus, func(o options) int { return max(2*o.clients, o.idle, o.listeners) }},
		{"resident", measureResidents, func(o options) int { return max(5*o.clients+manyWorkers, o.idle, handshakesEach, hugeTable) }},
		{"journal", measureJournal, func(o options) int { return max(4*o.clients, handshakesEach) }},
		{"upgrade", measureUpgrade, func(o options) int { return o.idle + askingThroughout }},
	}
}

func bench(ctx context.Context, o options) error {
	var chosen []part
	clients := 0
	for _, name := range o.parts {
		i := slices.IndexFunc(parts(), func(p part) bool { return p.name == name })
		if i < 0 {
			return fmt.Errorf("-parts %s: no such part", name)
		}
		chosen, clients = append(chosen, parts()[i]), max(clients, parts()[i].clients(o))
	}
	if err := allowFiles(clients); err != nil {
		return err
	}
	fmt.Printf("%d processors, %s, %s each, php-fpm with %d workers\n\n", runtime.NumCPU(), runtime.Version(), o.duration, workers)
	for _, p := range chosen {
		if err := p.measure(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}
