package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/websocket"
)

// settling is how long a wsbridge is driven before it is measured: handlers run alone until their file is some seconds old, and which of them
// are slow is known only after some events.
const settling = 4 * time.Second

// contender is a running program that is measured in turn with others.
type contender struct {
	name        string
	server, php processes
	address     string
	load        *loadLoop
	control     string // the unix socket of wsbridge's control API; "": the program is another one
	end         func() error
	ask         func(i int) exchange // what a job asks, if its protocol is another one
}

// connect has n clients connect, and closes the contender if they cannot.
func (c *contender) connect(address string, n int) (*contender, error) {
	c.address = address
	conns, err := dial(address, 0, n, false)
	return c.take(conns, err)
}

// take adds clients that are connected.
func (c *contender) take(conns []*websocket.Conn, err error) (*contender, error) {
	if err == nil {
		c.load, err = newLoadLoop(conns)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", c.name, err), c.close())
	}
	return c, nil
}

func (c *contender) close() (err error) {
	if c.load != nil {
		err = c.load.close()
	}
	return errors.Join(err, c.end())
}

// startBridgeContender starts a wsbridge to which n clients connect.
func startBridgeContender(name string, with setup, n int) (*contender, error) {
	s, err := startServer(with)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s.contender(name).connect(s.log.address, n)
}

// bridgeStarter starts it later.
func bridgeStarter(name string, with setup, n int) func() (*contender, error) {
	return func() (*contender, error) { return startBridgeContender(name, with, n) }
}

func (s *server) contender(name string) *contender {
	return &contender{name: name, server: s.own, php: s.php, control: s.controlSocket(), end: s.stop}
}

// startOther starts one of the other programs.
func startOther(o options, name string, start func(options, *php) (*program, error), n int) (*contender, error) {
	p, err := start(o, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	c := &contender{name: name, server: p.server, php: p.php, end: p.stop}
	return c.connect(p.address, n)
}

// settle has the contender's clients do a job until it does it as it will from then on.
func (c *contender) settle(ctx context.Context, j job) error {
	j.length = time.Second
	if c.control != "" {
		j.length = settling
	}
	_, _, err := c.drive(ctx, j)
	return c.failed(err)
}

func (c *contender) drive(ctx context.Context, j job) (latencies, time.Duration, error) {
	if c.ask != nil {
		j.ask = c.ask
	}
	return c.load.drive(ctx, j)
}

func (c *contender) measure(ctx context.Context, j job) (result, error) {
	r, err := measureDriven(c.server, c.php, func() (latencies, time.Duration, error) { return c.drive(ctx, j) })
	return r, c.failed(err)
}

func (c *contender) failed(err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return nil
}

// contenders are those of one comparison.
type contenders []*contender

// startAll starts some, which the caller closes.
func startAll(starts ...func() (*contender, error)) (all contenders, err error) {
	for _, start := range starts {
		c, err := start()
		if err != nil {
			return nil, errors.Join(err, all.close())
		}
		all = append(all, c)
	}
	return all, nil
}

func (all contenders) close() (err error) {
	for _, c := range all {
		err = errors.Join(err, c.close())
	}
	return err
}

// compare has all settle, and then do the job in each round, in turn. It returns each one's results, by its place.
func (all contenders) compare(ctx context.Context, rounds int, j job) ([][]result, error) {
	for _, c := range all {
		if err := c.settle(ctx, j); err != nil {
			return nil, err
		}
	}
	return all.measure(ctx, rounds, j)
}

// measure is compare for those that have settled.
func (all contenders) measure(ctx context.Context, rounds int, j job) ([][]result, error) {
	results := make([][]result, len(all))
	err := inTurn(ctx, rounds, len(all), func(i int) error {
		r, err := all[i].measure(ctx, j)
		results[i] = append(results[i], r)
		return err
	})
	return results, err
}

// inTurn does something for each of n in each round. Who goes first changes, and so does who goes before whom, so that what else happens on the
// machine, and what one leaves behind for the next, meets all.
func inTurn(ctx context.Context, rounds, n int, do func(i int) error) error {
	for round := range rounds {
		for i := range n {
			if round%2 == 1 {
				i = n - 1 - i
			}
			if err := errors.Join(ctx.Err(), do((round/2+i)%n)); err != nil {
				return err
			}
		}
	}
	return nil
}
