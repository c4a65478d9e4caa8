package bridge

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/protocol"
)

// turn is the place of some events of a client, or of the server, among all events.
type turn struct {
	bridge *Bridge
	client *client // nil: the server
	// How it waits: until ctx ends, at most limit if that is not 0, and if hasty not for a php-fpm that is away.
	ctx   context.Context
	limit time.Duration
	hasty bool
	lane  lane // where; laneOwn: by whether it is to be alone

	injection *injection // if somebody waits for the event; else nil

	begun   bool
	alone   bool
	session string    // its PHP session, if it keeps other events of that waiting
	since   time.Time // when the next event came

	// The event that was asked for last.
	kind protocol.Kind
	seq  uint64
}

// note returns log for a line of the event that was asked for last.
func (t *turn) note(log *slog.Logger) *slog.Logger { return log.With(keyEvent, t.kind, keySeq, t.seq) }

// begin waits until the turn has come. One that has come already goes on, unless it is not alone but has to be.
func (t *turn) begin(alone bool) error {
	if t.begun && (t.alone || !alone) {
		return nil
	}
	t.end()
	if err := t.wait(alone); err != nil {
		return err
	}
	t.begun, t.alone = true, alone
	return nil
}

// end lets the next event have its turn. It may be called again.
func (t *turn) end() {
	if !t.begun {
		return
	}
	t.bridge.gate.leave(t.alone)
	t.begun = false
	if t.session != "" {
		t.bridge.sessions.leave(t.session)
		t.session = ""
	}
}

// sessionBeside returns the PHP session whose other events this one waits for; empty if there is none, or nothing runs beside
// it anyway.
func (t *turn) sessionBeside(alone bool) string {
	if alone || t.client == nil {
		return ""
	}
	return t.client.session
}

func (t *turn) wait(alone bool) error {
	b, id := t.bridge, t.sessionBeside(alone)
	if id == "" && b.gate.tryEnter(alone) {
		return nil
	}
	if t.hasty && b.outage.on() { // those that may wait for php-fpm hold the gate: not behind them
		return outcome.ErrAway
	}
	ctx, cancel := context.WithCancelCause(t.ctx)
	defer cancel(nil)
	if t.limit > 0 {
		defer b.gate.expire(t.limit, t.hasty, cancel)() // hasty: whoever makes a handshake looks at a page that does not load
	}
	if t.hasty {
		defer b.outage.cancels(func() { cancel(outcome.ErrAway) })()
	}
	if id == "" {
		return t.enter(ctx, alone)
	}
	// In this order: one that waits for its session must not keep others out.
	if err := b.sessions.enter(ctx, id); err != nil {
		return err
	}
	if err := t.enter(ctx, alone); err != nil {
		b.sessions.leave(id)
		return err
	}
	t.session = id
	return nil
}

func (t *turn) enter(ctx context.Context, alone bool) error {
	l := t.lane
	if l == laneOwn && alone {
		l = laneAlone
	}
	return t.bridge.gate.enter(ctx, l, alone)
}

// ask brings an event to PHP when its turn has come, and waits until it is over. What it changed stands in the answer, for
// the caller to settle. An event without a handler is done at once.
func (t *turn) ask(kind protocol.Kind, payload []byte) (*protocol.Done, error) {
	for tries := 0; ; tries++ {
		app := t.bridge.app.Load()
		if !app.Has(kind) {
			return &protocol.Done{}, nil
		}
		p := app.RunMode(kind)
		if tries > 1 { // the code changes faster than it can be described
			p = app.RunModeOfAnyCode()
		}
		if err := t.begin(p.Alone); err != nil {
			return nil, err
		}
		if t.client != nil && t.client.gone() {
			return nil, outcome.ErrGone
		}
		if t.injection != nil && !t.injection.run() {
			return nil, errRevoked
		}
		t.kind, t.seq = kind, t.bridge.seq.Add(1)
		done, err := t.bridge.ask(t, payload, p)
		if code, changed := change(err); changed {
			t.bridge.catchUp(app, code)
			continue
		}
		if err == nil && !app.Knows(done.Code) { // nothing was expected of it, see isolation.Application
			t.bridge.catchUp(app, done.Code)
		}
		return done, err
	}
}

// queued returns how long the next event has waited; the one behind it comes now.
func (t *turn) queued() (d time.Duration) {
	now := time.Now()
	if !t.since.IsZero() {
		d = now.Sub(t.since)
	}
	t.since = now
	return d
}

// change returns the fingerprint of the code that PHP has instead of the one that the event was planned for.
func change(err error) (code string, changed bool) {
	f, ok := errors.AsType[*protocol.Failure](err)
	if !ok || f.Kind != protocol.FailedChanged {
		return "", false
	}
	return f.Name, true
}

func isChange(err error) bool { _, changed := change(err); return changed }

// settle applies what an event changed.
func (t *turn) settle(done *protocol.Done) {
	if done == nil {
		return
	}
	b := t.bridge
	removed, _ := b.table.Apply(rows.Of(done))
	for _, key := range removed {
		c := b.clients.get(key)
		if c == nil {
			continue // it has just left
		}
		t.note(c.log).Warn("a handler removed the client's row")
		code, reason := outcome.EndedNoRow.Close()
		c.markEnded(outcome.EndedNoRow, code, reason)
		c.leave()
	}
	if done.Globals != nil {
		log := b.log
		if t.client != nil {
			log = t.client.log
		}
		b.forget(done.Globals.Lost, t.note(log))
	}
}

// run is ask and settle, for a turn of one event.
func (t *turn) run(kind protocol.Kind, payload []byte) (*protocol.Done, error) {
	defer t.end()
	done, err := t.ask(kind, payload)
	t.settle(done)
	return done, err
}
