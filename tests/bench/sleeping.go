package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// manyWorkers shall be nearly so many times as fast as one.
const manyWorkers = 64

// sleeping has a handler that waits for something else, as for a database.
const sleeping = `<?php
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { usleep(20000); send_text($client_key,$msg); }
`

// measureSleeping returns how many times as fast many workers are on a handler that sleeps.
func measureSleeping(ctx context.Context, o options) (float64, error) {
	var rates []float64
	for _, workers := range []int{1, manyWorkers} {
		rate, err := measureSleepers(ctx, o, workers)
		if err != nil {
			return 0, fmt.Errorf("%d workers: %w", workers, err)
		}
		rates = append(rates, rate)
	}
	return rates[1] / rates[0], nil
}

func measureSleepers(ctx context.Context, o options, workers int) (rate float64, err error) {
	s, err := startServer(setup{binary: o.binary, source: sleeping, isolation: "auto", workers: workers})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	callers, hangUp, err := s.echoes(manyWorkers)
	if err != nil {
		return 0, err
	}
	defer hangUp()
	if _, _, err := drive(ctx, callers, time.Second); err != nil {
		return 0, err
	}
	took, length, err := drive(ctx, callers, o.duration)
	rate, _, _ = took.summary(length)
	return rate, err
}
