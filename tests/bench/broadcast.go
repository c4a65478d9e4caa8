package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// crying has a text go to everybody.
const crying = `<?php
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { broadcast_to_all($msg); }
`

// cry is what is broadcast, about a kilobyte of JSON.
var cry = `{"room":"lobby","lines":[` + strings.Repeat(`"a chat message of common size, neither long nor short",`, 18) + `"."]}`

// crier is a server that sends on what it gets to all its clients, which another process holds. It is in this one, so that the last
// write can be seen.
type crier struct {
	name    string
	address string
	writes  *writes
	stop    func() error

	audience *audience
}

// took is how long one broadcast took.
type took struct {
	writing time.Duration // from the first socket that has taken it to the last
	heard   time.Duration // from the message that asks for it, PHP's part included, until the last client has it
	cpu     time.Duration // of this process, which is the server's but for the one client here
}

// writes knows when a broadcast's first and last write were done. Another one begins when the last is over.
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
func measureBroadcast(ctx context.Context, o options) (err error) {
	fmt.Printf("\none message of %d B to %d clients; medians of %d rounds, in brackets each round's\n\n", len(cry), o.listeners, o.rounds)
	fmt.Println("| what | all writes | to the bare loop | until all have heard | to the bare loop | CPU | to the bare loop |")
	fmt.Println("| --- | ---: | --- | ---: | --- | ---: | --- |")
	for _, compress := range []bool{false, true} {
		if err := measureCriers(ctx, o, compress); err != nil {
			return err
		}
	}
	return nil
}

func measureCriers(ctx context.Context, o options, compress bool) (err error) {
	var criers []*crier
	defer func() {
		for _, c := range criers {
			err = errors.Join(err, c.close())
		}
	}()
	for _, start := range []func(context.Context, *writes, bool) (*crier, error){startBareCrier, startBridgeCrier} {
		c, err := start(ctx, newWrites(o.listeners+1), compress)
		if err != nil {
			return err
		}
		criers = append(criers, c)
		if c.audience, err = gather(c.address, o.listeners, compress); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	results := make([][]took, len(criers))
	for range o.rounds {
		for i, c := range criers {
			t, err := c.round()
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			results[i] = append(results[i], t)
		}
	}
	for i, c := range criers {
		printCrier(c.name, compress, results[i], results[0])
	}
	return nil
}

func startBridgeCrier(ctx context.Context, w *writes, compress bool) (*crier, error) {
	c := &crier{name: "wsbridge", writes: w}
	h, err := startHereWith(ctx, crying, func(cfg *bridge.Config) { cfg.Compression, cfg.Observer = compress, counter{w} })
	if err != nil {
		return nil, err
	}
	c.address, c.stop = h.address, h.stop
	return c, nil
}

// counter counts writes.
type counter struct{ *writes }

func (counter) Event(bridge.Observation) {}

func (counter) Ended(outcome.Ending) {}

func (counter) Refused(outcome.Refusal) {}

func (counter) TurnedAway(string) {}

func (c counter) Written(time.Duration) { c.count() }

func (c *crier) close() error {
	if c.audience != nil {
		c.audience.leave()
	}
	return c.stop()
}

// round broadcasts several times, the first ones unmeasured, and returns the medians.
func (c *crier) round() (t took, err error) {
	const unmeasured, times = 3, 21
	var writing, heard, used []time.Duration
	for i := range unmeasured + times {
		t, err := c.broadcast()
		if err != nil {
			return t, err
		}
		if i >= unmeasured {
			writing, heard, used = append(writing, t.writing), append(heard, t.heard), append(used, t.cpu)
		}
	}
	middle := func(all []time.Duration) time.Duration { slices.Sort(all); return all[len(all)/2] }
	return took{middle(writing), middle(heard), middle(used)}, nil
}

// broadcast has one message sent to all, and waits until each has it.
func (c *crier) broadcast() (t took, err error) {
	before, began := cpu(os.Getpid()), time.Now()
	if err := c.audience.cry(); err != nil {
		return t, err
	}
	t.heard = time.Since(began)
	<-c.writes.over
	t.writing = time.Duration(c.writes.last.Load() - c.writes.first.Load())
	t.cpu = cpu(os.Getpid()) - before
	return t, nil
}

func printCrier(name string, compress bool, results, bare []took) {
	if compress {
		name += ", compressed"
	}
	column := func(of func(took) time.Duration) string {
		var values, ratios []float64
		var each []string
		for i := range results {
			values = append(values, float64(of(results[i])))
			ratios = append(ratios, float64(of(results[i]))/float64(of(bare[i])))
			each = append(each, ratio(ratios[i]))
		}
		return fmt.Sprintf("%v | %s (%s)", brief(median(values)), ratio(median(ratios)), strings.Join(each, ", "))
	}
	fmt.Printf("| %s | %s | %s | %s |\n", name, column(func(t took) time.Duration { return t.writing }),
		column(func(t took) time.Duration { return t.heard }), column(func(t took) time.Duration { return t.cpu }))
}
