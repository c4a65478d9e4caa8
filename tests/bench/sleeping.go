package main

import (
	"context"
	"fmt"
	"time"
)

// manyWorkers are wanted to be nearly that many times as fast as one.
const manyWorkers = 64

// measureSleeping returns how many times as fast many workers are on a handler that waits, as for a database.
func measureSleeping(ctx context.Context, o options) (float64, error) {
	one, err := measureSleepers(ctx, o, 1)
	if err != nil {
		return 0, fmt.Errorf("1 worker: %w", err)
	}
	many, err := measureSleepers(ctx, o, manyWorkers)
	if err != nil {
		return 0, fmt.Errorf("%d workers: %w", manyWorkers, err)
	}
	return many / one, nil
}

func measureSleepers(ctx context.Context, o options, workers int) (rate float64, err error) {
	with := setup{binary: o.binary, source: sleeping, isolation: "auto", workers: workers}
	err = withEchoes(with, manyWorkers, func(_ *server, callers []call) error {
		if _, _, err := drive(ctx, callers, time.Second); err != nil {
			return err
		}
		took, length, err := drive(ctx, callers, o.duration)
		rate, _, _ = took.summary(length)
		return err
	})
	return rate, err
}
