package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// broadcaster is a server in this process that sends what it gets to all its clients.
type broadcaster struct {
	name     string
	address  string
	writes   *writes
	stop     func() error
	audience *audience
	rounds   []broadcastTimes
}

// broadcastTimes is how long one broadcast took.
type broadcastTimes struct {
	writing time.Duration // from the first socket that has taken it to the last
	heard   time.Duration // from the message that asks for it, PHP's part included, until the last client has it
	cpu     time.Duration // of this process, which is the server's but for the one client here
}

func writing(t broadcastTimes) float64 { return float64(t.writing) }
func heard(t broadcastTimes) float64   { return float64(t.heard) }
func usedCPU(t broadcastTimes) float64 { return float64(t.cpu) }

// writes times the first and the last of a broadcast's writes. A broadcast begins after the last write of the one before it.
type writes struct {
	each int64 // of a broadcast

	done        atomic.Int64
	first, last atomic.Int64 // since began
	began       time.Time
	over        chan struct{} // gets one for each broadcast
}

func newWrites(each int) *writes {
	return &writes{each: int64(each), began: time.Now(), over: make(chan struct{}, 1)}
}

func (w *writes) count() {
	now := int64(time.Since(w.began))
	switch w.done.Add(1) % w.each {
	case 1:
		w.first.Store(now)
	case 0:
		w.last.Store(now)
		w.over <- struct{}{}
	}
}

// measureBroadcast compares a broadcast by wsbridge, PHP in the loop, with a bare loop over gorilla's connections, in turn.
func measureBroadcast(ctx context.Context, o options) error {
	fmt.Printf("\none message of %d B to %d clients; medians of %d rounds, in brackets each round's\n\n", len(broadcastText), o.listeners, o.rounds)
	fmt.Println("| what | all writes | to the bare loop | until all have heard | to the bare loop | CPU | to the bare loop |")
	fmt.Println("| --- | ---: | --- | ---: | --- | ---: | --- |")
	for _, compress := range []bool{false, true} {
		if err := measureBroadcasters(ctx, o, compress); err != nil {
			return err
		}
	}
	return nil
}

func measureBroadcasters(ctx context.Context, o options, compress bool) (err error) {
	var all []*broadcaster
	defer func() {
		for _, b := range all {
			err = errors.Join(err, b.close())
		}
	}()
	for _, start := range []func(context.Context, *writes, bool) (*broadcaster, error){startBareBroadcaster, startBridgeBroadcaster} {
		b, err := start(ctx, newWrites(o.listeners+1), compress)
		if err != nil {
			return err
		}
		all = append(all, b)
		if b.audience, err = gather(b.address, o.listeners, compress); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
	}
	for range o.rounds {
		for _, b := range all {
			if err := b.round(); err != nil {
				return fmt.Errorf("%s: %w", b.name, err)
			}
		}
	}
	for _, b := range all {
		b.print(compress, all[0])
	}
	return nil
}

func startBridgeBroadcaster(ctx context.Context, w *writes, compress bool) (*broadcaster, error) {
	b, err := startInProcess(ctx, broadcasting, func(cfg *bridge.Config) { cfg.Compression, cfg.Observer = compress, writeCounter{w} })
	if err != nil {
		return nil, err
	}
	return &broadcaster{name: "wsbridge", address: b.address, writes: w, stop: b.stop}, nil
}

// writeCounter is a bridge's observer that counts writes.
type writeCounter struct{ *writes }

func (writeCounter) Event(observe.Observation) {}

func (writeCounter) Ended(outcome.Ending) {}

func (writeCounter) Refused(outcome.Refusal) {}

func (writeCounter) TurnedAway(string) {}

func (c writeCounter) Written(time.Duration) { c.count() }

func (b *broadcaster) close() error {
	if b.audience != nil {
		b.audience.leave()
	}
	return b.stop()
}

// round broadcasts several times, the first ones unmeasured, and keeps the medians.
func (b *broadcaster) round() error {
	const unmeasured, times = 3, 21
	var all []broadcastTimes
	for range unmeasured + times {
		t, err := b.broadcast()
		if err != nil {
			return err
		}
		all = append(all, t)
	}
	middle := func(of func(broadcastTimes) float64) time.Duration {
		return time.Duration(median(each(all[unmeasured:], of)))
	}
	b.rounds = append(b.rounds, broadcastTimes{middle(writing), middle(heard), middle(usedCPU)})
	return nil
}

// broadcast has one message sent to all, and waits until each has it.
func (b *broadcaster) broadcast() (t broadcastTimes, err error) {
	before, began := ownCPU(), time.Now()
	if err := b.audience.broadcast(); err != nil {
		return t, err
	}
	t.heard = time.Since(began)
	<-b.writes.over
	t.writing = time.Duration(b.writes.last.Load() - b.writes.first.Load())
	t.cpu = ownCPU() - before
	return t, nil
}

func (b *broadcaster) print(compress bool, base *broadcaster) {
	name := b.name
	if compress {
		name += ", compressed"
	}
	fmt.Printf("| %s |", name)
	for _, of := range []func(broadcastTimes) float64{writing, heard, usedCPU} {
		values := each(b.rounds, of)
		toBase := ratios(values, each(base.rounds, of))
		fmt.Printf(" %s | %s (%s) |", brief(median(values)), ratio(median(toBase)), list(toBase, ratio))
	}
	fmt.Println()
}
