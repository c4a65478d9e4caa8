package main

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// pacedPart is the part of the highest rate at which latency is looked at.
const pacedPart = 0.7

// measurePaced echoes as fast as wsbridge can, then at a part of that rate.
func measurePaced(ctx context.Context, o options) (highest, paced result, err error) {
	with := setup{binary: o.binary, source: echoing, isolation: "auto", workers: workers}
	err = withEchoes(with, o.clients, func(s *server, callers []call) (err error) {
		if highest, err = measureEchoes(ctx, callers, o.duration, s.own, s.php); err != nil {
			return err
		}
		paced, err = paceClients(ctx, o, s.log.address, pacedPart*highest.rate)
		return err
	})
	return highest, paced, err
}

// measureFloor echoes at such a rate through a server that does nothing else: how long that takes is the machine's doing.
func measureFloor(ctx context.Context, o options, rate float64) (r result, err error) {
	e, err := startEcho(o, nil)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, e.stop()) }()
	return paceClients(ctx, o, e.address, rate)
}

func paceClients(ctx context.Context, o options, address string, rate float64) (r result, err error) {
	clients, hangUp, err := dialPlain(address, o.clients)
	if err != nil {
		return r, err
	}
	defer hangUp()
	took, err := pace(ctx, clients, rate, o.duration)
	r.rate, r.p50, r.p99 = took.summary(o.duration)
	return r, err
}

// pace sends rate messages per second on clients, in turn, whether or not answers have come, and returns how long each took
// from when it was due. So a server that falls behind shows; callers that wait for it would only ask less.
func pace(ctx context.Context, clients []*client, rate float64, d time.Duration) (latencies, error) {
	const late = 30 * time.Second
	began := time.Now().Add(10 * time.Millisecond)
	for _, c := range clients {
		if err := c.SetDeadline(began.Add(d + late)); err != nil {
			return nil, err
		}
	}
	defer context.AfterFunc(ctx, func() { // interrupted
		for _, c := range clients {
			c.Close()
		}
	})()
	n := int(rate * d.Seconds())
	due := func(i int) time.Time { return began.Add(time.Duration(float64(i) / rate * float64(time.Second))) }

	took := make(latencies, len(clients))
	errs := make([]error, len(clients)+1)
	var group sync.WaitGroup
	for first, c := range clients {
		group.Go(func() {
			for i := first; i < n && errs[first] == nil; i += len(clients) {
				errs[first] = c.receive()
				took[first] = append(took[first], time.Since(due(i)))
			}
		})
	}
	group.Go(func() { errs[len(clients)] = sendPaced(clients, n, due) })
	group.Wait()
	return took, errors.Join(errs...)
}

// sendPaced sleeps in the kernel, on a thread of its own: the Go runtime's timers can be a millisecond late.
func sendPaced(clients []*client, n int, due func(i int) time.Time) error {
	runtime.LockOSThread() // never unlocked: the thread ends with its goroutine, and its timer slack with it
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
		return err
	}
	for i := range n {
		for left := time.Until(due(i)); left > 0; left = time.Until(due(i)) {
			t := unix.NsecToTimespec(left.Nanoseconds())
			_ = unix.Nanosleep(&t, nil) // a signal may wake it early
		}
		if err := clients[i%len(clients)].send(); err != nil {
			return err
		}
	}
	return nil
}
