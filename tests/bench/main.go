// Command bench measures wsbridge against the bare FastCGI codec calling the same PHP half, in one run on one machine, so
// that the ratios hold where absolute numbers do not; then what an event costs with few and with many clients connected.
// make bench runs it. With -parts it measures wsbridge against what is wanted of it (targets) or beside other programs
// (others), with -tables what handing rows to PHP costs, in itself and by other ways.
//
// It is a program and not a Go benchmark because what it measures are whole processes: wsbridge, php-fpm and this load
// generator share the machine's processors, and each one's CPU time is part of the result.
package main

import (
	"context"
	"errors"
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
	duration   time.Duration
	clients    int
	idle       int
	listeners  int
	connected  numbers
	isolations []string
	rounds     int
	against    string
	parts      []string
	tables     bool   // measure ways of handing rows to PHP, and nothing else
	extension  string // of PHP's, for that
	hold       int    // be that many idle clients, and nothing else
	first      int    // number of their first user
	listen     bool   // and they read
	compress   bool   // and offer compression
	at         string // of the server there
	echo       string // be a server that echoes, at this address, and nothing else
}

func main() {
	o := parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	do := bench
	switch {
	case o.hold > 0:
		do = hold
	case o.echo != "":
		do = serveEcho
	case o.tables:
		do = measureTables
	}
	if err := do(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse() (o options) {
	o.connected = numbers{10, 1000, 10000}
	flag.StringVar(&o.binary, "wsbridge", "bin/wsbridge", "the `program` to measure, built without the race detector")
	flag.DurationVar(&o.duration, "for", 5*time.Second, "`time` of each measurement")
	flag.IntVar(&o.clients, "clients", 64, "`clients` that ask at once")
	flag.IntVar(&o.idle, "idle", 10000, "idle `clients` of the memory measurement")
	flag.IntVar(&o.listeners, "listeners", 5000, "`clients` that a message is broadcast to")
	flag.Var(&o.connected, "connected", "how many `clients` are connected, comma-separated and ascending")
	isolations := flag.String("isolation", "auto,serial", "isolation `modes` to measure, comma-separated")
	parts := flag.String("parts", "echo,scale,idle,broadcast", "`what` to measure, comma-separated, of these and targets, others, versus")
	flag.StringVar(&o.against, "against", "", "the `commit` to build and to compare with, for versus")
	flag.IntVar(&o.rounds, "rounds", 3, "how many `times` to measure with few and many clients; the median counts")
	flag.BoolVar(&o.tables, "tables", false, "only measure ways of handing rows to PHP")
	flag.StringVar(&o.extension, "extension", "", "a PHP `extension` to load for -tables: apcu")
	flag.IntVar(&o.hold, "hold", 0, "only hold `clients` open, for the other measurements")
	flag.IntVar(&o.first, "first", 0, "`number` of the first of them")
	flag.BoolVar(&o.listen, "listen", false, "they read, and tell when all have a message")
	flag.BoolVar(&o.compress, "compress", false, "they offer compression")
	flag.StringVar(&o.at, "at", "", "`address` to hold them at")
	flag.StringVar(&o.echo, "echo", "", "only serve echoes at this `address`, for the other measurements")
	flag.Parse()
	o.isolations, o.parts = strings.Split(*isolations, ","), strings.Split(*parts, ",")
	return o
}

func bench(ctx context.Context, o options) error {
	if err := allowFiles(o.most()); err != nil {
		return err
	}
	fmt.Printf("%d processors, %s, %s each, php-fpm with %d workers\n\n", runtime.NumCPU(), runtime.Version(), o.duration, workers)
	for _, part := range o.parts {
		var err error
		switch part {
		case "echo":
			err = measureEcho(ctx, o)
		case "scale":
			err = measureScales(ctx, o)
		case "others":
			err = measureOthers(ctx, o)
		case "targets":
			err = measureTargets(ctx, o)
		case "versus":
			err = measureVersus(ctx, o)
		case "idle":
			err = measureIdle(ctx, o)
		case "broadcast":
			err = measureBroadcast(ctx, o)
		default:
			err = errors.New("no such measurement")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
	}
	return nil
}

// most is how many clients there are at once in what is to be measured.
func (o options) most() int {
	most := o.clients
	if slices.Contains(o.parts, "scale") {
		most = max(most, slices.Max(o.connected))
	}
	if slices.Contains(o.parts, "others") {
		most = max(most, held+o.clients)
	}
	if slices.Contains(o.parts, "idle") || slices.Contains(o.parts, "versus") {
		most = max(most, o.idle)
	}
	if slices.Contains(o.parts, "broadcast") || slices.Contains(o.parts, "versus") {
		most = max(most, 2*o.listeners) // of wsbridge, and of what it is compared with
	}
	return most
}

func measureEcho(ctx context.Context, o options) error {
	bare, err := measureBare(ctx, o)
	if err != nil {
		return fmt.Errorf("bare codec: %w", err)
	}
	fmt.Println("| what | events/s | of bare | p50 | p99 | p50 of 1 client | added to bare | CPU/event: load, wsbridge, php |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- |")
	bare.print("bare codec, 4 callers", bare)
	for _, isolation := range o.isolations {
		r, err := measureServer(ctx, o, isolation)
		if err != nil {
			return fmt.Errorf("isolation %s: %w", isolation, err)
		}
		r.print(fmt.Sprintf("wsbridge, %s, %d clients", isolation, o.clients), bare)
	}
	return nil
}

func measureScales(ctx context.Context, o options) error {
	for _, isolation := range o.isolations {
		if err := measureScale(ctx, o, isolation); err != nil {
			return fmt.Errorf("isolation %s: %w", isolation, err)
		}
	}
	return nil
}
