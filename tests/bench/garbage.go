package main

import (
	"context"
	"errors"
	"runtime"
	"sync"
)

// measureGarbage returns how many bytes an echo allocates in a bridge in this process, whose clients here allocate none.
func measureGarbage(ctx context.Context, o options) (bytes float64, err error) {
	b, err := startInProcess(ctx, echoing, unchanged)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	clients, hangUp, err := dialPlain(b.address, o.clients)
	if err != nil {
		return 0, err
	}
	defer hangUp()
	if err := echoTimes(clients, 200); err != nil { // pools fill, buffers grow
		return 0, err
	}
	const times = 500
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := echoTimes(clients, times); err != nil {
		return 0, err
	}
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / float64(times*len(clients)), nil
}

// echoTimes has each client echo n times.
func echoTimes(clients []*client, n int) error {
	errs := make([]error, len(clients))
	var group sync.WaitGroup
	for i, c := range clients {
		group.Go(func() {
			for range n {
				if errs[i] = c.echo(); errs[i] != nil {
					return
				}
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
