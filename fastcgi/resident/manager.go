package resident

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// Boot boots a worker before Start, which then only has to fill it. It blocks until the worker has connected; none of the application's code runs in
// it before. An error leaves booting to Start.
func (l *Lane) Boot(ctx context.Context) error {
	w, err := l.boot(ctx)
	if err == nil {
		l.keep(w)
	}
	return err
}

// Start boots and fills the first worker, and then keeps one there until Close. It blocks until events can run. The error is a
// *protocol.Failure if the application's code has failed. If no worker can be started, events run in requests of their own.
func (l *Lane) Start(ctx context.Context, state protocol.State) error {
	l.state = state
	l.manager.Go(l.lookAfter)
	w, err := l.takeSpare(), error(nil)
	if w == nil {
		w, err = l.boot(ctx)
	}
	if err == nil {
		err = l.activateOrReplace(ctx, w)
	}
	if _, failed := errors.AsType[*protocol.Failure](err); failed {
		return err
	}
	if err != nil {
		l.warnStateless(err)
	}
	l.manager.Go(func() { l.manage(err != nil) })
	return nil
}

// Refill replaces the worker that Start has filled by one that is filled with the state as it is by now. No event may run or wait. It blocks until that
// is done, or until ctx ends, whose cause it returns. Where there is no worker, there is nothing to do.
func (l *Lane) Refill(ctx context.Context) error {
	w := l.current()
	if w == nil {
		return nil
	}
	l.hold(w)
	l.dismiss(w, stateChanged)
	select {
	case <-l.Recycle(""):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// lookAfter has the workers checked at each tick, and the one that runs events audited. The manager cannot: it may wait for a php-fpm that
// reloads, which waits for a worker that only learns of that when it is checked.
func (l *Lane) lookAfter() {
	tick := time.NewTicker(checkInterval)
	defer tick.Stop()
	for {
		select {
		case <-l.duty.Done():
			return
		case <-tick.C:
			l.audit()
			l.check()
			signal(l.changed) // what the manager could not do may be possible now
		}
	}
}

func (l *Lane) warnStateless(err error) {
	l.mu.Lock()
	l.alone = true
	l.mu.Unlock()
	l.config().Logger.Error("there is no resident worker: events run in requests of their own, and what handlers keep in the process is lost",
		keyError, err)
}

// manage keeps a worker there until the lane is closed.
func (l *Lane) manage(failed bool) {
	for delay := minBackoff; l.duty.Err() == nil; {
		if l.current() != nil {
			delay = minBackoff
			select {
			case <-l.duty.Done():
			case <-l.changed:
			}
			l.renew()
			l.describe()
			l.keepSpare()
			continue
		}
		if failed {
			l.runAlone(delay/2 + rand.N(delay))
			delay = min(2*delay, maxBackoff)
		}
		asked := l.takeAsked()
		failed = l.fillNext()
		l.answer(asked)
	}
}

func (l *Lane) current() *worker {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.worker
}

// fillNext makes the spare, or else a new worker, the one that runs events. It reports whether that has failed.
func (l *Lane) fillNext() (failed bool) {
	w, err := l.nextWorker()
	if err == nil {
		err = l.activateOrReplace(l.duty, w)
	}
	if err != nil && l.duty.Err() == nil && !l.Stateless() {
		l.warnStateless(err)
	}
	return err != nil
}

// activateOrReplace is activate, and again with another worker if w was a spare that may have ended before.
func (l *Lane) activateOrReplace(ctx context.Context, w *worker) error {
	isSpare := w.Kind == Spare
	err := l.activate(ctx, w)
	if _, broken := errors.AsType[*protocol.Failure](err); err == nil || !isSpare || broken {
		return err
	}
	if w, err = l.boot(ctx); err != nil {
		return err
	}
	return l.activate(ctx, w)
}

// nextWorker returns the spare if it is of use, or else boots a worker.
func (l *Lane) nextWorker() (*worker, error) {
	l.mu.Lock()
	w := l.spare
	isOld := w != nil && w.leaving != ""
	l.spare = nil
	l.mu.Unlock()
	if isOld {
		l.dismiss(w, w.leaving)
		w = nil
	}
	if w != nil {
		return w, nil
	}
	return l.boot(l.duty)
}

func (l *Lane) takeSpare() *worker {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.spare
	l.spare = nil
	return w
}

// activate fills w, which then runs events. It blocks until that is done.
func (l *Lane) activate(ctx context.Context, w *worker) error {
	l.setNext(w) // it is checked while it waits: php-fpm may reload, and what it waits for may wait for php-fpm
	err := l.awaitChanges(ctx)
	l.setNext(nil)
	if err == nil {
		err = l.fill(ctx, w)
	}
	if err != nil {
		w.kill()
		<-w.done
		return err
	}
	l.describeLoaded(ctx, w)
	l.config().Logger.Info("resident worker runs events", keyPID, w.PID)
	l.release()
	return nil
}

// describeLoaded has the code described again if the worker has loaded other code, which has changed before anybody has noticed.
func (l *Lane) describeLoaded(ctx context.Context, w *worker) {
	if l.state.Knows(w.Code) {
		return
	}
	commit, err := l.state.Describe(ctx)
	if err != nil {
		l.warnBroken(err)
		return
	}
	commit()
}

func (l *Lane) setNext(w *worker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = w
}

// awaitChanges gives those events some time more that have to end first.
func (l *Lane) awaitChanges(ctx context.Context) error {
	ctx, cancel := within(ctx, 2*l.config().Timeout)
	defer cancel()
	return l.state.AwaitChanges(ctx)
}

// within is context.WithTimeout, but 0 means that there is no limit.
func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, limit)
}

func (l *Lane) fill(ctx context.Context, w *worker) error {
	ctx, cancel := within(ctx, l.config().Timeout)
	defer cancel()
	fill := newControl(protocol.Fill, l.config().Logger)
	fill.make = func() *protocol.Event {
		e := l.state.Fill()
		e.Payload = l.childSet().Payload()
		return e
	}
	l.order(w, fill, func() bool {
		l.worker, l.held = w, true
		w.Kind = Alone
		return true
	})
	done, err := fill.wait(ctx)
	if err != nil {
		l.noteFailure(err)
		return err
	}
	l.state.Filled(done)
	start := w.process.memory()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.alone, l.broken, w.Code, w.start, w.Filled = false, "", done.Code, start, time.Now()
	return nil
}

// keepSpare boots a spare if there is none, or if its code is old.
func (l *Lane) keepSpare() {
	l.mu.Lock()
	w := l.spare
	needed := l.worker != nil && (w == nil || w.leaving != "")
	l.mu.Unlock()
	if !needed || l.duty.Err() != nil || !l.spares.mayTry() {
		return
	}
	if w = l.takeSpare(); w != nil {
		l.dismiss(w, w.leaving)
	}
	if w, err := l.boot(l.duty); err == nil {
		l.spares.succeed()
		l.keep(w)
	} else if l.duty.Err() == nil && l.spares.fail() {
		l.config().Logger.Warn("spare resident worker cannot be booted: events wait longer when the worker is replaced", keyError, err)
	}
}

// keep makes w the spare, unless it has ended.
func (l *Lane) keep(w *worker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.Kind = Spare; w.gone {
		return
	}
	l.spare = w
	if w.booter != l.booter { // it was booting when php-fpm was replaced
		w.leaving = replacedPool
	}
}

// Close runs what is queued, has the workers leave, and blocks until they have ended. When ctx ends, events end with its cause and workers
// are killed, whatever they do.
func (l *Lane) Close(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { l.abandon(context.Cause(ctx)) })()
	l.relieve()
	l.manager.Wait()
	l.mu.Lock()
	l.closed = true
	asked := l.asked
	l.mu.Unlock()
	l.answer(asked)
	l.finish()
	l.beside.close()
	for _, w := range []*worker{l.takeSpare(), l.current()} {
		if w != nil {
			l.dismiss(w, serverEnds)
		}
	}
	l.end()
	l.timer.Stop()
	err := l.listener.close()
	l.work.Wait()
	return errors.Join(err, l.folder.close())
}
