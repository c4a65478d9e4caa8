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

	// stateless makes events of the lane requests of their own, which run in its place: one at a time, and with the turns that they have,
	// also when the lane is not used any more.
	stateless bool
	// toLane makes all events run in the lane, if there is one.
	toLane bool

	waiter   *waiter // nil: none
	document uint64  // in the journal; 0: none

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

// prepare blocks until it has a turn for an event of a kind.
func (d *dispatcher) prepare(kind protocol.Kind) error {
	mode := d.bridge.app.Load().RunMode(kind)
	return d.begin(mode.Alone, d.lane(kind, mode) != nil || d.stateless)
}

// begin blocks until it has a turn for an event that runs alone or beside others, in the lane or outside of it. It keeps the turn that it has,
// if that allows it.
func (d *dispatcher) begin(alone, lane bool) (err error) {
	if d.turn != nil && d.turn.Covers(alone, lane) {
		return nil
	}
	d.end()
	ctx := d.ctx
	if d.failFast {
		var stop func()
		ctx, stop = d.bridge.outage.Until(ctx, outcome.ErrAway)
		defer stop()
	}
	d.terms.Alone, d.terms.Lane, d.terms.Free = alone, lane, false
	d.turn, err = d.bridge.scheduler.Enter(ctx, d.terms)
	return err
}

// end ends the turn. It may be called again.
func (d *dispatcher) end() {
	if d.turn != nil {
		d.turn.Leave()
	}
}

// rest lets other events run beside this one, which has ended in PHP, in its place. The turn goes on.
func (d *dispatcher) rest() {
	if d.turn != nil {
		d.turn.Rest()
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
		lane := d.lane(kind, mode)
		if err := d.begin(mode.Alone, lane != nil || d.stateless); err != nil {
			return nil, err
		}
		if err := d.mayRun(); err != nil {
			return nil, err
		}
		if lane != nil && !d.stateless {
			return d.waitInLane(lane, kind, payload, mode)
		}
		d.kind, d.seq = kind, d.bridge.seq.Add(1)
		done, err := d.exchange(payload, mode)
		if code, changed := changedCode(err); changed {
			if d.toLane = lane == nil && d.bridge.cfg().Lane != nil; !d.toLane {
				d.bridge.redescribe(app, code)
			}
			continue
		}
		if err == nil && done.Code != "" && !app.Knows(done.Code) { // the event ran although its mode was for any code
			d.bridge.redescribe(app, done.Code)
		}
		return done, err
	}
}

// queueTime returns how long the next event has waited, and starts the time of the one after it.
func (d *dispatcher) queueTime() (waited time.Duration) {
	if d.since.IsZero() {
		d.since = time.Now()
		return 0
	}
	waited = time.Since(d.since)
	d.since = d.since.Add(waited) // which is now: to ask for the time again takes longer
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
	d.commitChange(rows.Change{Rows: done.Rows, Globals: done.Globals})
	if done.Globals != nil {
		log := d.bridge.log
		if d.client != nil {
			log = d.client.logger()
		}
		d.bridge.learnGlobals(done.Globals, d.eventLog(log))
	}
}

func (d *dispatcher) commitChange(change rows.Change) {
	b := d.bridge
	removed, _ := b.table.Apply(change)
	for _, key := range removed {
		if c := b.clients.get(key); c != nil { // else it has just left
			d.eventLog(c.logger()).Warn("a handler removed the client's row")
			code, reason := outcome.EndedNoRow.Close()
			c.markEnded(outcome.EndedNoRow, code, reason)
			c.leave()
		}
	}
}
