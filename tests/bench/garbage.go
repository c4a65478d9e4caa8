package main

import (
	"context"
	"errors"
	"runtime"
	"sync"
)

// measureGarbage returns how many bytes an echo allocates in a bridge in this process, whose clients here allocate none.
func measureGarbage(ctx context.Context, o options) (bytes float64, err error) {
	h, err := startHere(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, h.stop()) }()
	conns, err := dial(h.address, 0, o.clients)
	if err != nil {
		return 0, err
	}
	defer hangUp(conns)
	plain := plainConns(conns)
	if err := echoTimes(plain, 200); err != nil { // pools fill, buffers grow
		return 0, err
	}
	const times = 500
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := echoTimes(plain, times); err != nil {
		return 0, err
	}
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / float64(times*len(plain)), nil
}

// echoTimes has each client echo so many times.
func echoTimes(conns []*plainConn, n int) error {
	errs := make([]error, len(conns))
	var group sync.WaitGroup
	for i, c := range conns {
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
