package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

// call is one caller's event, answered.
type call func() error

// processes lists some, when they are needed: a php-fpm that answers already may still be starting workers.
type processes func() []int

func none() []int { return nil }

// drive has every caller call again and again for d and returns how long each call took, and all of them together.
func drive(ctx context.Context, callers []call, d time.Duration) (latencies, time.Duration, error) {
	measuring, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	took := make(latencies, len(callers))
	errs := make([]error, len(callers))
	var group sync.WaitGroup
	began := time.Now()
	for i, c := range callers {
		group.Go(func() { took[i], errs[i] = repeat(measuring, c) })
	}
	group.Wait()
	length := time.Since(began)
	return took, length, errors.Join(append(errs, ctx.Err())...) // interrupted, there may be nothing to divide by
}

func repeat(ctx context.Context, c call) (took []time.Duration, err error) {
	for ctx.Err() == nil {
		began := time.Now()
		if err := c(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// measure drives the callers, which processes of a server and of PHP answer.
func measure(ctx context.Context, callers []call, d time.Duration, server, php processes) (result, error) {
	return measureDriven(server, php, func() (latencies, time.Duration, error) { return drive(ctx, callers, d) })
}

// measureDriven divides by the number of events the CPU time that passes while drive has those processes answer them.
func measureDriven(server, php processes, drive func() (latencies, time.Duration, error)) (r result, err error) {
	servers, workers, load := cpuOfEach(server()), cpuOfEach(php()), ownCPU()
	took, length, err := drive()
	if err != nil {
		return r, err
	}
	r.rate, r.p50, r.p99 = took.summary(length)
	events := time.Duration(took.count())
	r.load = (ownCPU() - load) / events
	r.server = spentSince(servers, server()) / events
	r.php = spentSince(workers, php()) / events
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
