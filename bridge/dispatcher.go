package bridge

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/protocol"
)

// dispatcher brings events of a client, or of the server, to PHP in one turn. One goroutine uses it.
type dispatcher struct {
	bridge *Bridge
	client *client        // nil: the server
	turn   *schedule.Turn // nil: there is none yet
	// How it waits for one.
	ctx   context.Context
	terms schedule.Terms
	// failFast ends the wait when php-fpm is away. Events that wait for php-fpm keep their turns then, and a browser should not wait
	// for those.
	failFast bool

	injection *injection // if somebody waits for the event; else nil

	since time.Time     // when the next event came
	kind  protocol.Kind // of the event that was dispatched last
	seq   uint64
}

// runServerEvent runs an event of the server's that is in no queue, and blocks until it is over.
func (b *Bridge) runServerEvent(kind protocol.Kind) error {
	d := &dispatcher{bridge: b, ctx: b.base}
	defer d.end()
	_, err := d.run(kind, nil)
	return err
}

// note returns log for a line of the event that was dispatched last.
func (d *dispatcher) note(log *slog.Logger) *slog.Logger {
	return log.With(keyEvent, d.kind, keySeq, d.seq)
}

// begin blocks until the turn has come. One that has come already goes on, unless it is not alone but has to be.
func (d *dispatcher) begin(alone bool) (err error) {
	if d.turn != nil && d.turn.Covers(alone) {
		return nil
	}
	d.end()
	ctx := d.ctx
	if d.failFast {
		var stop func()
		ctx, stop = d.bridge.outage.Until(ctx, outcome.ErrAway)
		defer stop()
	}
	d.terms.Alone = alone
	d.turn, err = d.bridge.scheduler.Enter(ctx, d.terms)
	return err
}

// end lets the next event have its turn. It may be called again.
func (d *dispatcher) end() {
	if d.turn != nil {
		d.turn.Leave()
	}
}

// dispatch brings an event to PHP when its turn has come, and blocks until it is over. What it changed stands in the answer, for the
// caller to settle. An event without a handler is done at once.
func (d *dispatcher) dispatch(kind protocol.Kind, payload []byte) (*protocol.Done, error) {
	for tries := 0; ; tries++ {
		app := d.bridge.app.Load()
		if !app.Has(kind) {
			return &protocol.Done{}, nil
		}
		mode := app.RunMode(kind)
		if tries > 1 { // the code changes faster than it can be described
			mode = app.RunModeOfAnyCode()
		}
		if err := d.begin(mode.Alone); err != nil {
			return nil, err
		}
		if d.client != nil && d.client.gone() {
			return nil, outcome.ErrGone
		}
		if d.injection != nil && !d.injection.run() {
			return nil, errRevoked
		}
		d.kind, d.seq = kind, d.bridge.seq.Add(1)
		done, err := d.exchange(payload, mode)
		if code, changed := change(err); changed {
			d.bridge.catchUp(app, code)
			continue
		}
		if err == nil && !app.Knows(done.Code) { // nothing was expected of it, see isolation.Application
			d.bridge.catchUp(app, done.Code)
		}
		return done, err
	}
}

// queued returns how long the next event has waited; the one after it comes now.
func (d *dispatcher) queued() (waited time.Duration) {
	now := time.Now()
	if !d.since.IsZero() {
		waited = now.Sub(d.since)
	}
	d.since = now
	return waited
}

// change returns the fingerprint of the code that PHP has instead of the one that the event was meant for.
func change(err error) (code string, changed bool) {
	f, ok := errors.AsType[*protocol.Failure](err)
	if !ok || f.Kind != protocol.FailedChanged {
		return "", false
	}
	return f.Name, true
}

func isChange(err error) bool { _, changed := change(err); return changed }

// settle applies what an event changed.
func (d *dispatcher) settle(done *protocol.Done) {
	if done == nil {
		return
	}
	b := d.bridge
	removed, _ := b.table.Apply(rows.Change{Rows: done.Rows, Globals: done.Globals})
	for _, key := range removed {
		if c := b.clients.get(key); c != nil { // else it has just left
			d.note(c.log).Warn("a handler removed the client's row")
			code, reason := outcome.EndedNoRow.Close()
			c.markEnded(outcome.EndedNoRow, code, reason)
			c.leave()
		}
	}
	if done.Globals != nil {
		log := b.log
		if d.client != nil {
			log = d.client.log
		}
		b.forget(done.Globals.Lost, d.note(log))
	}
}

// run dispatches and settles one event.
func (d *dispatcher) run(kind protocol.Kind, payload []byte) (*protocol.Done, error) {
	done, err := d.dispatch(kind, payload)
	d.settle(done)
	return done, err
}
