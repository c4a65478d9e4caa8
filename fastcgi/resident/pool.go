package resident

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// Pool is the workers that run events beside the lane. Each runs one event at a time, which brings its own row, as requests do, so that a
// slow one delays nobody. Workers are booted while events find none free. Its methods may be called concurrently.
type Pool struct {
	lane *Lane
	busy sync.WaitGroup // workers that do something

	mu      sync.Mutex // guards the fields below, and of the workers what they say
	workers map[*besideWorker]bool
	idle    []*besideWorker // the one that became idle last runs the next event
	booting int
	limit   int       // how many workers there may be
	most    int       // how many the configuration allows; limit grows back to it
	grow    time.Time // limit stays as it is until then
	retry   time.Time // no worker is booted before
	age     int       // workers of another age leave
	closed  bool
}

func newPool(l *Lane) *Pool {
	return &Pool{lane: l, workers: map[*besideWorker]bool{}, limit: l.cfg.Beside, most: l.cfg.Beside}
}

// Beside returns the workers that run events beside the lane. They end with it.
func (l *Lane) Beside() *Pool { return l.beside }

// Run runs an event that reaches its own row only in a worker that has loaded the code of the event. It reports false if none is free:
// nothing has run then. Otherwise it blocks until the event has ended, and is as bridge.PHP.Run is. began is called with the process id of each
// worker that is about to be sent the event.
func (p *Pool) Run(ctx context.Context, apply func(*protocol.Effect) error, e *protocol.Event, began func(worker int)) (ran bool, err error) {
	for {
		w := p.take(e.Code)
		if w == nil {
			e.Worker = 0
			return false, nil
		}
		began(w.PID)
		err := w.run(ctx, apply, e)
		p.put(w)
		if !errors.Is(err, errNotBegun) {
			return true, err
		}
	}
}

// take returns a free worker with that code, for the caller to put back, or nil. If there is none, one is booted meanwhile.
func (p *Pool) take(code string) *besideWorker {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.closed && len(p.idle) > 0 {
		w := p.pop()
		if w.Code == code && w.age == p.age {
			return w
		}
		p.dismiss(w, codeChanged)
	}
	if p.limit < p.most && time.Now().After(p.grow) {
		p.limit, p.grow = p.limit+1, time.Now().Add(growInterval)
	}
	if !p.closed && p.lane.duty.Err() == nil && p.booting < maxBooting && len(p.workers)+p.booting < p.limit && time.Now().After(p.retry) {
		p.booting++
		p.busy.Add(1)
		go p.boot(code, p.age)
	}
	return nil
}

// pop removes the worker that became idle last. The caller holds mu.
func (p *Pool) pop() *besideWorker {
	w := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	p.busy.Add(1)
	return w
}

// put makes a worker idle that was taken, or ends it. It does not block.
func (p *Pool) put(w *besideWorker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case w.leaving != "":
		go p.end(w)
	case p.closed:
		p.dismiss(w, serverEnds)
	case w.age != p.age:
		p.dismiss(w, replacedPool)
	case len(p.workers) > p.limit:
		p.dismiss(w, noRoom)
	case time.Since(w.checked) > 2*checkInterval: // it was never idle when the others were checked
		w.checked = time.Now()
		go func() { w.check(); p.put(w) }()
	default:
		p.idle = append(p.idle, w)
		p.busy.Done()
	}
}

// dismiss has a worker leave that was taken and runs nothing. The caller holds mu.
func (p *Pool) dismiss(w *besideWorker, reason string) {
	w.leaving = reason
	go func() { w.leave(); p.end(w) }()
}

// end waits for the end of a worker that has to end, and forgets it.
func (p *Pool) end(w *besideWorker) {
	defer p.busy.Done()
	w.conn.Close()
	w.awaitEnd()
	w.process.release()
	p.mu.Lock()
	delete(p.workers, w)
	info := w.Info
	info.Ended, info.Events, info.Reason, info.Cause = time.Now(), w.events.Load(), w.leaving, causeOf(w.leaving)
	p.mu.Unlock()
	p.lane.noteEnd(&info)
	level := slog.LevelInfo
	if info.Reason == wasIdle {
		level = slog.LevelDebug
	}
	p.lane.config().Logger.Log(context.Background(), level, "resident worker has ended", keyPID, info.PID, keyReason, info.Reason,
		keyEvents, info.Events)
}

// boot starts a worker and has it load the application.
func (p *Pool) boot(code string, age int) {
	w, err := p.start(age)
	p.lane.noteFailure(err)
	p.mu.Lock()
	p.booting--
	switch {
	case err == nil:
		p.workers[w] = true
		if w.Code != code { // the lane runs other code, or opcache does
			p.retry = time.Now().Add(checkInterval)
		}
	default:
		p.retry = time.Now().Add(retryInterval)
		if errors.Is(err, context.DeadlineExceeded) { // php-fpm has no more workers, and the lane must find some
			p.limit, p.grow = max(0, len(p.workers)-1), time.Now().Add(growInterval)
		}
	}
	p.mu.Unlock()
	if err == nil {
		p.put(w)
		return
	}
	p.busy.Done()
	if p.lane.duty.Err() == nil {
		p.lane.config().Logger.Warn("resident worker for slow events cannot be booted", keyError, err)
	}
}

func (p *Pool) start(age int) (*besideWorker, error) {
	booted, err := p.lane.connect(p.lane.duty)
	if err != nil {
		return nil, err
	}
	w := &besideWorker{worker: booted, pool: p, age: age, checked: time.Now(), since: time.Now()}
	w.Kind, w.Filled = Beside, time.Now()
	done, err := w.command(p.lane.duty, &protocol.Event{Kind: protocol.Fill, Beside: true}, p.lane.config().Timeout)
	if err != nil {
		w.kill()
		w.awaitEnd()
		w.process.release()
		return nil, err
	}
	w.Code, w.worker.start = done.Code, w.process.memory()
	p.lane.config().Logger.Debug("resident worker runs slow events beside others", keyPID, w.PID)
	return w, nil
}

// noteEnd remembers a worker that has ended, and counts what it has done.
func (l *Lane) noteEnd(info *Info) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if info.Reason == wasIdle {
		l.tally.events[info.Kind] += info.Events
		return
	}
	l.tally.add(info)
	l.keepPast(info)
}

// infos returns how the workers are, the oldest first.
func (p *Pool) infos() (all []Info) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.workers {
		i := w.Info
		i.Events, i.Reason = w.events.Load(), w.leaving
		all = append(all, i)
	}
	slices.SortFunc(all, func(a, b Info) int { return a.Started.Compare(b.Started) })
	return all
}
