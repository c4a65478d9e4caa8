package resident

import (
	"context"
	"errors"
	"fmt"
)

// Errors of Replace.
var (
	ErrNoWorker    = errors.New("there is no resident worker now: events run in requests of their own")
	ErrNotReplaced = errors.New("the worker goes on")
)

// Replaced says which worker has taken over from which, and how that was when it had ended.
type Replaced struct{ Before, After Info }

// Replace has the worker that runs events replaced between two events, and blocks until the next one runs them, or ctx ends, after
// which it may still be replaced. The errors are ErrNoWorker, ErrNotReplaced, ErrClosed and that of ctx.
func (l *Lane) Replace(ctx context.Context, reason string) (Replaced, error) {
	before, failed, ok := l.runner()
	if !ok {
		return Replaced{}, ErrNoWorker
	}
	select {
	case <-l.Recycle(reason):
	case <-ctx.Done():
		return Replaced{}, context.Cause(ctx)
	}
	after, failedNow, ok := l.runner()
	switch {
	case l.life.Err() != nil || l.duty.Err() != nil:
		return Replaced{}, ErrClosed
	case !ok:
		return Replaced{}, fmt.Errorf("%w; %s", ErrNoWorker, failedNow.Error)
	case before.PID == after.PID && before.Started.Equal(after.Started):
		err := ErrNotReplaced
		if failedNow.Times > failed.Times {
			err = fmt.Errorf("%w: %s", err, failedNow.Error)
		}
		return Replaced{}, err
	}
	return Replaced{Before: l.ended(before), After: after}, nil
}

// ended returns how a worker was when it had ended, or i, how it was before, if so many have ended since that it is forgotten.
func (l *Lane) ended(i Info) Info {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, past := range l.past {
		if past.PID == i.PID && past.Started.Equal(i.Started) {
			return past
		}
	}
	return i
}

// runner returns the worker that runs events, and which workers could not be started.
func (l *Lane) runner() (Info, BootFailures, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.worker == nil {
		return Info{}, l.tally.failed, false
	}
	return l.worker.info(), l.tally.failed, true
}
