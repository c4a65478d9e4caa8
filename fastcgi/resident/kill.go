package resident

import (
	"context"
	"errors"
	"fmt"

	"github.com/wsbridge/wsbridge/protocol"
)

// Errors of Kill, which has ErrNoWorker, too.
var (
	ErrUnknownWorker = errors.New("there is no resident worker with that process id")
	ErrIdle          = errors.New("it runs nothing now")
)

// Kill ends the worker with that process id at once, or with 0 the one that runs events one after the other, and with it what it runs: that event
// fails, and those that wait go on in another worker. It returns how the worker was, and blocks until its process has ended, or ctx ends. The
// errors are ErrNoWorker, ErrUnknownWorker, ErrIdle and that of ctx.
func (l *Lane) Kill(ctx context.Context, pid int) (Info, error) {
	info, ended, err := l.kill(pid)
	if errors.Is(err, ErrUnknownWorker) {
		info, ended, err = l.beside.kill(pid)
	}
	if err != nil {
		return info, err
	}
	select {
	case <-ended:
		return info, nil
	case <-ctx.Done():
		return info, context.Cause(ctx)
	}
}

// kill is Kill for the lane's own worker. ended is closed when that has ended.
func (l *Lane) kill(pid int) (before Info, ended <-chan struct{}, err error) {
	l.mu.Lock()
	w := l.worker
	switch {
	case w == nil && pid == 0:
		err = ErrNoWorker
	case w == nil || pid != 0 && pid != w.PID:
		err = ErrUnknownWorker
	case l.busySince().IsZero():
		before, err = w.info(), ErrIdle
	default:
		before = w.info()
		w.leaving = killedByOperator
	}
	l.mu.Unlock()
	if err != nil {
		return before, nil, err
	}
	w.kill()
	return before, w.done, nil
}

// kill is Kill for a worker of the pool.
func (p *Pool) kill(pid int) (before Info, ended <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.workers {
		switch {
		case w.PID != pid:
		case w.Runs == nil:
			return w.Info, nil, ErrIdle
		default:
			before = w.Info
			w.leaving = killedByOperator
			w.kill()
			return before, w.worker.ended, nil
		}
	}
	return before, nil, ErrUnknownWorker
}

// errKilled is the error of an event whose worker an operator has killed.
var errKilled = fmt.Errorf("%w: %s", protocol.ErrCutOff, killedByOperator)
