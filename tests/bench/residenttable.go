package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Clients of the table's measurements. A row has the server's five fields and counting.php's four.
const (
	aTable    = 1_000
	hugeTable = 10_000
	fewRows   = 10
)

// tableContender is a wsbridge with many clients, of which the first ones ask.
func (b *residents) tableContender(name string, with setup, clients int) (*contender, error) {
	s, err := startServer(with)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	asking := min(b.clients, clients)
	c, err := s.contender(name).connect(s.log.address, asking)
	if err != nil || clients == asking {
		return c, err
	}
	idle, err := holdIdle(s.log.address, asking, clients-asking)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), c.close())
	}
	c.end = func() error {
		idle.stop()
		return s.stop()
	}
	return c, nil
}

// measureTable compares events that look at every row, and those that look at their own among many.
func measureTable(ctx context.Context, b *residents) (figures []figure, err error) {
	some, err := b.compareTables(ctx, aTable, 20, nil)
	if err != nil {
		return nil, err
	}
	many, err := b.compareTables(ctx, hugeTable, 40, func(now *contender) error {
		own, err := b.compareOwnRow(ctx, now)
		figures = append(figures, own)
		return err
	})
	return append(append(some, many...), figures...), err
}

// compareTables has a handler count the rows of a room and change its own row, in wsbridge as it is and as it was. With the
// former it then does what and asks, if that is not nil.
func (b *residents) compareTables(ctx context.Context, clients int, wanted float64, and func(now *contender) error) (figures []figure, err error) {
	name := fmt.Sprintf("table-%d", clients)
	all, err := startAll(
		func() (*contender, error) { return b.tableContender(name, b.now(counting), clients) },
		func() (*contender, error) { return b.tableContender(name+"-before", b.before(counting), clients) },
	)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, all.close()) }()
	j := job{clients: b.clients, length: b.duration, ask: countOf(clients)}
	results, err := all.compare(ctx, b.rounds, j)
	if err != nil {
		return nil, err
	}
	title := fmt.Sprintf("event that loops over all of %d rows and changes one, %d asking: to %s", clients, b.clients, b.against)
	figures = []figure{figureRates(title, limit{"≥", wanted}, results[0], results[1])}
	if err := b.profileAll(ctx, all[:1], j); err != nil || and == nil {
		return figures, err
	}
	return figures, and(all[0])
}

// compareOwnRow compares own-row events among many clients, connected to now, with those among few.
func (b *residents) compareOwnRow(ctx context.Context, now *contender) (f figure, err error) {
	few, err := b.tableContender("own-row-few", b.now(counting), fewRows)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, few.close()) }()
	results, err := contenders{now, few}.compare(ctx, b.rounds, job{clients: fewRows, length: b.duration, ask: echoOf(message)})
	if err != nil {
		return f, err
	}
	title := fmt.Sprintf("own-row event, %d asking, %d clients: its time to that with %d", fewRows, hugeTable, fewRows)
	f = figureRatio(title, limit{"≤", 1.1}, brief, results[0], results[1], eventTime)
	f.cpu = ratios(each(results[0], allCPU), each(results[1], allCPU))
	return f, nil
}

// eventTime is how long each event takes of all the time.
func eventTime(r result) float64 { return float64(time.Second) / r.rate }
