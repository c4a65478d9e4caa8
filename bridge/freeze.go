package bridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/socket"
)

// freezeInterval is how often Freeze looks whether what it waits for has ended. It looks at every client.
const freezeInterval = 2 * time.Millisecond

// requestGrace is how long the requests of connections may still come that were accepted just before. Nobody waits meanwhile but who connects.
const requestGrace = 250 * time.Millisecond

// freeze stops everything, and makes the state. What it has stopped, it leaves to Thaw, whatever it returns.
func (f *Frozen) freeze(ctx context.Context, spread, hold time.Duration) error {
	b := f.bridge
	if b.outage.On() {
		return errAway
	}
	unlock, err := b.lockDescribing(ctx)
	if err != nil {
		return err
	}
	f.unlock = unlock
	f.onThaw(unlock)
	began := time.Now()
	if err := f.closeDoor(ctx); err != nil {
		return f.explain(err, began)
	}
	if err := f.endUnmovable(ctx, spread); err != nil {
		return f.explain(err, began)
	}
	f.since = time.Now()
	if hold > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, hold, fmt.Errorf("the handlers that run do not end within %v", hold))
		defer cancel()
	}
	f.stopSources()
	if err := f.stopReaders(ctx); err != nil {
		return f.explain(err, began)
	}
	if err := f.settle(ctx); err != nil {
		return f.explain(err, began)
	}
	f.thawLeft()
	f.cancelWaiters()
	return f.makeState()
}

// closeDoor keeps newcomers out, and blocks until those that are in have become clients or have not.
func (f *Frozen) closeDoor(ctx context.Context) error {
	b := f.bridge
	l := b.handOver.listener
	if err := l.Pause(ctx); err != nil {
		return err
	}
	f.onThaw(l.Resume)
	inTime, cancel := context.WithTimeout(ctx, requestGrace)
	_ = poll(inTime, func() bool { return l.Early() == 0 }) // those that are not in time are refused
	cancel()
	b.entrance.close(ErrHandingOver, false)
	f.onThaw(func() { b.entrance.close(nil, false) })
	if !b.entrance.await(ctx.Done(), newcomer) {
		return context.Cause(ctx)
	}
	return nil
}

// endUnmovable ends the clients that cannot move, one after the other over a time, and blocks until they have left.
func (f *Frozen) endUnmovable(ctx context.Context, spread time.Duration) error {
	var all []*client
	for _, c := range f.bridge.clients.all() {
		if !c.isMovable() {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return nil
	}
	f.bridge.log.Info("clients that cannot move are told to connect again", keyClients, len(all), "over", spread)
	f.told = len(all)
	begin := time.Now()
	for i, c := range all {
		if err := sleep(ctx, time.Until(begin.Add(spread*time.Duration(i)/time.Duration(len(all))))); err != nil {
			return err
		}
		c.end(outcome.EndedMoved)
	}
	return poll(ctx, func() bool { return !slices.ContainsFunc(all, func(c *client) bool { return !c.hasLeft() }) })
}

// isMovable reports whether c's connection is a WebSocket that another process can go on with.
func (c *client) isMovable() bool {
	if !c.upgraded.Load() {
		return false
	}
	return c.conn.CanMove() && door.Of(c.conn.NetConn()) != nil
}

// stopSources ends the loop and the pipe's reader. Their queue takes what they still bring, although it may be full.
func (f *Frozen) stopSources() {
	b := f.bridge
	b.events.SetUnbounded(true)
	b.handOver.sources.end(ErrHandingOver)
	f.onThaw(func() {
		b.events.SetUnbounded(false)
		b.handOver.sources.begin()
	})
}

// settle blocks until no client is ending and no event runs, and stops what could change that.
func (f *Frozen) settle(ctx context.Context) error {
	for {
		mark := len(f.undo)
		if still, err := f.tryToStandStill(ctx); still || err != nil {
			return err
		}
		f.undoTo(mark) // the last events have ended clients, whose close events run before the move
	}
}

// tryToStandStill reports false if clients have begun to end when everything stood still.
func (f *Frozen) tryToStandStill(ctx context.Context) (still bool, err error) {
	b := f.bridge
	if err := poll(ctx, func() bool { return !f.isAnyLeaving() }); err != nil {
		return false, err
	}
	f.onThaw(b.scheduler.Thaw)
	if err := b.scheduler.Freeze(ctx); err != nil {
		return false, err
	}
	if err := poll(ctx, b.isQuiet); err != nil {
		return false, err
	}
	if err := f.stopUpkeep(ctx); err != nil {
		return false, err
	}
	if err := f.stopWriters(ctx); err != nil {
		return false, err
	}
	return !f.isAnyLeaving(), nil
}

// stopReaders reads no more messages. The queues take what was read before, although they may be full. Connections that cannot be stopped are about
// to end.
func (f *Frozen) stopReaders(ctx context.Context) error {
	all := f.bridge.clients.all()
	for _, c := range all {
		c.events.SetUnbounded(true)
	}
	f.stopped = all
	f.onThaw(func() {
		for _, c := range all {
			c.conn.Thaw()
			c.events.SetUnbounded(false)
		}
	})
	return f.eachConn(ctx, all, (*socket.Conn).FreezeReading)
}

// thawLeft lets connections go on whose clients have left since their reading was stopped: they wait for the other side's end here.
func (f *Frozen) thawLeft() {
	for _, c := range f.stopped {
		if c.hasLeft() {
			c.conn.Thaw()
		}
	}
}

// stopWriters writes nothing more.
func (f *Frozen) stopWriters(ctx context.Context) error {
	all := f.bridge.clients.all()
	f.onThaw(func() {
		for _, c := range all {
			c.conn.ThawWriting()
		}
	})
	return f.eachConn(ctx, all, (*socket.Conn).Freeze)
}

// eachConn stops the connections of clients, several at a time since each has to wait for a goroutine. Those that cannot be stopped end.
func (f *Frozen) eachConn(ctx context.Context, all []*client, stop func(*socket.Conn, context.Context) error) error {
	err := inParallel(len(all), func(i int) error {
		err := stop(all[i].conn, ctx)
		if errors.Is(err, socket.ErrClosing) {
			f.ending.Store(all[i], true)
			return nil
		}
		return err
	})
	return cmp.Or(context.Cause(ctx), err)
}

// isAnyLeaving reports whether a client is ending, or about to.
func (f *Frozen) isAnyLeaving() bool {
	return f.bridge.clients.any(func(c *client) bool {
		_, isEnding := f.ending.Load(c)
		return isEnding || c.hasEnded() || c.awaitsPHP()
	})
}

// awaitsPHP reports whether PHP has yet to pass bytes of c, which has stopped reading.
func (c *client) awaitsPHP() bool {
	r := c.readEventConn()
	return r != nil && !r.hasEnded()
}

// isQuiet reports whether no event of a queue has begun and not ended. The scheduler lets no more begin.
func (b *Bridge) isQuiet() bool {
	return b.uncommitted.Load() == 0 && b.events.Begun() == nil &&
		!b.clients.any(func(c *client) bool { return c.events.Begun() != nil })
}

// stopUpkeep stops the timers of all clients.
func (f *Frozen) stopUpkeep(ctx context.Context) error {
	b := f.bridge
	all := b.clients.all()
	b.entrance.close(ErrHandingOver, true)
	f.onThaw(func() {
		b.entrance.close(ErrHandingOver, false) // before the timers: one that finds it shut is not set again
		for _, c := range all {
			c.setTimers()
		}
	})
	if !b.entrance.await(ctx.Done(), upkeep) {
		return context.Cause(ctx)
	}
	for _, c := range all {
		c.ping.Stop()
		c.idle.hold()
	}
	return nil
}

// cancelWaiters tells callers of Inject that their documents will not run.
func (f *Frozen) cancelWaiters() {
	b := f.bridge
	waiting, _ := b.events.Waiting()
	for _, e := range waiting {
		if e, ok := e.(*queuedEvent); ok {
			b.cancelWaiter(e)
		}
	}
	if b.spool != nil {
		for _, e := range b.spool.callers() {
			b.cancelWaiter(e)
		}
	}
}

// cancelWaiter takes a document back whose caller waits, and tells that one.
func (b *Bridge) cancelWaiter(e *queuedEvent) {
	if e.waiter == nil || !e.waiter.cancel() {
		return
	}
	if e.document != 0 {
		b.spool.drop(e)
	}
	e.waiter.result <- ErrHandingOver
}

// poll blocks until done reports true, or ctx ends, whose cause it returns.
func poll(ctx context.Context, done func() bool) error {
	for !done() {
		if err := sleep(ctx, freezeInterval); err != nil {
			return err
		}
	}
	return nil
}

// sleep blocks for d, or until ctx ends, whose cause it returns.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
