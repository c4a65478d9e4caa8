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

// dispatcher runs events of a client, or of the server, in PHP, in one turn if possible. It must not be used concurrently.
type dispatcher struct {
	bridge *Bridge
	client *client        // nil: the server
	turn   *schedule.Turn // nil: there has been none
	// How it waits for a turn.
	ctx   context.Context
	terms schedule.Terms
	// failFast ends the wait when php-fpm is away. Events that wait for php-fpm keep their turns, and a browser should not have to wait
	// for them.
	failFast bool

	waiter *waiter // nil: none

	since time.Time     // when the next event came
	kind  protocol.Kind // of the last event
	seq   uint64        // of the last event
}

// runServerEvent runs an event of the server that is not in its queue, and blocks until it has ended.
func (b *Bridge) runServerEvent(kind protocol.Kind) error {
	d := &dispatcher{bridge: b, ctx: b.base}
	defer d.end()
	_, err := d.run(kind, nil)
	return err
}

// eventLog returns log with the attributes of the last event.
func (d *dispatcher) eventLog(log *slog.Logger) *slog.Logger {
	return log.With(keyEvent, d.kind, keySeq, d.seq)
}

// begin blocks until it has a turn. It keeps the turn that it has, unless the event has to run alone and that turn is not alone.
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
	d.terms.Alone, d.terms.Free = alone, false
	d.turn, err = d.bridge.scheduler.Enter(ctx, d.terms)
	return err
}

// end ends the turn. It may be called again.
func (d *dispatcher) end() {
	if d.turn != nil {
		d.turn.Leave()
	}
}

// run dispatches one event and commits what it changed.
func (d *dispatcher) run(kind protocol.Kind, payload []byte) (*protocol.Done, error) {
	done, err := d.dispatch(kind, payload)
	d.commit(done)
	return done, err
}

// dispatch runs an event in PHP and blocks until it has ended. What it changed is in the result, for the caller to commit. An event without
// a handler ends at once.
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
		if d.client != nil && d.client.hasLeft() {
			return nil, outcome.ErrGone
		}
		if d.waiter != nil && !d.waiter.claim() {
			return nil, errCanceled
		}
		d.kind, d.seq = kind, d.bridge.seq.Add(1)
		done, err := d.exchange(payload, mode)
		if code, changed := changedCode(err); changed {
			d.bridge.redescribe(app, code)
			continue
		}
		if err == nil && !app.Knows(done.Code) { // the event ran although its mode was for any code
			d.bridge.redescribe(app, done.Code)
		}
		return done, err
	}
}

// queueTime returns how long the next event has waited, and starts the time of the one after it.
func (d *dispatcher) queueTime() (waited time.Duration) {
	now := time.Now()
	if !d.since.IsZero() {
		waited = now.Sub(d.since)
	}
	d.since = now
	return waited
}

// changedCode reports whether PHP has refused an event because its code is not the one that the event was meant for. It returns the
// fingerprint of the code that PHP has.
func changedCode(err error) (code string, changed bool) {
	f, ok := errors.AsType[*protocol.Failure](err)
	if !ok || f.Kind != protocol.FailedChanged {
		return "", false
	}
	return f.Name, true
}

func isChanged(err error) bool { _, changed := changedCode(err); return changed }

// commit applies what an event changed.
func (d *dispatcher) commit(done *protocol.Done) {
	if done == nil {
		return
	}
	b := d.bridge
	removed, _ := b.table.Apply(rows.Change{Rows: done.Rows, Globals: done.Globals})
	for _, key := range removed {
		if c := b.clients.get(key); c != nil { // else it has just left
			d.eventLog(c.log).Warn("a handler removed the client's row")
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
		b.markLost(done.Globals.Lost, d.eventLog(log))
	}
}
