package main

import (
	"context"
	"os"
	"time"
)

// processes lists some, when they are needed: a php-fpm that answers already may still be starting workers.
type processes func() []int

func none() []int { return nil }

// measure drives the callers, whose calls so many processes of a server and of PHP answer.
func measure(ctx context.Context, callers []call, d time.Duration, server, php processes) (r result, err error) {
	bridge, workers := server(), php()
	used := []time.Duration{cpu(os.Getpid()), cpuOfAll(bridge), cpuOfAll(workers)}
	took, length, err := drive(ctx, callers, d)
	if err != nil {
		return r, err
	}
	r.rate, r.p50, r.p99 = took.summary(length)
	events := time.Duration(took.count())
	r.load = (cpu(os.Getpid()) - used[0]) / events
	r.bridge = (cpuOfAll(bridge) - used[1]) / events
	r.php = (cpuOfAll(workers) - used[2]) / events
	return r, nil
}

// measureEchoes measures all callers, then one alone.
func measureEchoes(ctx context.Context, callers []call, d time.Duration, server, php processes) (r result, err error) {
	if _, _, err := drive(ctx, callers, d/5); err != nil { // opcache and the processors warm up
		return r, err
	}
	if r, err = measure(ctx, callers, d, server, php); err != nil {
		return r, err
	}
	one, length, err := drive(ctx, callers[:1], d/2)
	_, r.single, _ = one.summary(length)
	return r, err
}
