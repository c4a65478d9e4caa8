package main

import (
	"context"
	"errors"
	"fmt"
)

// Lines of the configuration's section [journal].
const (
	journalOn   = "rows = false\n"
	journalRows = "rows = true\n"
)

// Applications whose clients are owed a close event.
const (
	closing = `function ws_server_close(&$connections,&$connection,$client_key) { }` + "\n"

	echoingToTheEnd  = echoing + "\n" + closing
	greetingToTheEnd = greeting + closing
	changing         = authenticating + closing + `function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	$connection["last"] = $msg;
	send_text($client_key,$msg);
}
`
)

// measureJournal compares wsbridge with a journal and without one.
func measureJournal(ctx context.Context, o options) error {
	var all []figure
	for _, measure := range []func(context.Context, options) ([]figure, error){
		measureJournaledEchoes, measureJournaledDocuments, measureJournaledHandshakes, measureStarts,
	} {
		some, err := measure(ctx, o)
		if err != nil {
			return err
		}
		all = append(all, some...)
		printFigures(some) // a later one may fail
		fmt.Println()
	}
	fmt.Printf("\nwith a journal, and without; medians of %d rounds\n\n", o.rounds)
	printFigures(all)
	return nil
}

func (o options) journaling(source, journal string) setup {
	with := o.setup(o.binary, source)
	with.journal = journal
	return with
}

// measureJournaledEchoes compares echoes, of which the journal has nothing, and those that change a row, which it may have.
func measureJournaledEchoes(ctx context.Context, o options) (figures []figure, err error) {
	all, err := startAll(
		bridgeStarter("echo-off", o.journaling(echoingToTheEnd, ""), o.clients),
		bridgeStarter("echo-on", o.journaling(echoingToTheEnd, journalOn), o.clients),
		bridgeStarter("row-off", o.journaling(changing, ""), o.clients),
		bridgeStarter("row-rows", o.journaling(changing, journalRows), o.clients),
	)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, all.close()) }()
	j := job{clients: o.clients, length: o.duration, ask: echoOf(message)}
	results, err := all.compare(ctx, o.rounds, j)
	if err == nil {
		err = o.profileAll(ctx, all, j)
	}
	if err != nil {
		return nil, err
	}
	return []figure{
		figureRates(fmt.Sprintf("echoes/s of %d clients, with a journal: to without", o.clients), limit{"≥", 0.97}, results[1], results[0]),
		figureRates("… that change a row, with a journal that has rows: to without", limit{"≥", 0.85}, results[3], results[2]),
	}, nil
}

// measureJournaledHandshakes compares how fast clients come in, and leave: each is owed a close event.
func measureJournaledHandshakes(ctx context.Context, o options) (figures []figure, err error) {
	var results measured
	err = o.onServers(greetingToTheEnd, func(servers [sides]*server) error {
		for _, s := range servers {
			if err := settleHandshakes(ctx, s, o.clients); err != nil {
				return err
			}
		}
		return onBoth(ctx, o.rounds, func(side int) error {
			r, err := measureArrivals(servers[side], handshakesEach, o.clients)
			results[side] = append(results[side], r)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("handshakes/s, %d at once, with a journal: to without", o.clients)
	return []figure{figureRates(name, limit{}, results[now], results[before])}, nil
}

// onServers starts a wsbridge without a journal and one with it, and stops them after do.
func (o options) onServers(source string, do func(servers [sides]*server) error) (err error) {
	var servers [sides]*server
	for side, journal := range [sides]string{before: "", now: journalOn} {
		s, err := startServer(o.journaling(source, journal))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		servers[side] = s
	}
	return do(servers)
}
