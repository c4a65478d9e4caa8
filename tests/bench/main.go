// Command bench measures wsbridge against the bare FastCGI codec calling the same PHP half, in one run on one machine, so
// that the ratios hold where absolute numbers do not. make bench runs it.
//
// It is a program and not a Go benchmark because what it measures are whole processes: wsbridge, php-fpm and this load
// generator share the machine's processors, and each one's CPU time is part of the result.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"time"
)

// workers of every php-fpm measured, and callers of the bare codec.
const workers = 4

type options struct {
	binary   string
	duration time.Duration
	clients  int
	idle     int
	hold     int    // be that many idle clients
	at       string // of the server there
}

func main() {
	var o options
	flag.StringVar(&o.binary, "wsbridge", "bin/wsbridge", "the `program` to measure, built without the race detector")
	flag.DurationVar(&o.duration, "for", 5*time.Second, "`time` of each measurement")
	flag.IntVar(&o.clients, "clients", 64, "echoing `clients`")
	flag.IntVar(&o.idle, "idle", 5000, "idle `clients` of the memory measurement")
	flag.IntVar(&o.hold, "hold", 0, "only hold `clients` open, for the memory measurement")
	flag.StringVar(&o.at, "at", "", "`address` to hold them at")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	do := bench
	if o.hold > 0 {
		do = func(ctx context.Context, o options) error { return hold(ctx, o.at, o.hold) }
	}
	if err := do(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, o options) error {
	fmt.Printf("%d processors, %s, %s each, php-fpm with %d workers\n\n", runtime.NumCPU(), runtime.Version(), o.duration, workers)
	bare, err := measureBare(ctx, o)
	if err != nil {
		return fmt.Errorf("bare codec: %w", err)
	}
	fmt.Println("| what | events/s | of bare | p50 | p99 | p50 of 1 client | added to bare | CPU/event: load, wsbridge, php |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- |")
	bare.print("bare codec, 4 callers", bare)
	for _, isolation := range []string{"connection", "serial"} {
		r, err := measureServer(ctx, o, isolation)
		if err != nil {
			return fmt.Errorf("isolation %s: %w", isolation, err)
		}
		r.print(fmt.Sprintf("wsbridge, %s, %d clients", isolation, o.clients), bare)
	}
	return measureMemory(ctx, o)
}
