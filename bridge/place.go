package bridge

import (
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/protocol"
)

// inLane reports whether the next event of a kind is to run in the lane. c is nil for events of the server.
func (b *Bridge) inLane(kind protocol.Kind, c *client, mode *isolation.RunMode) bool {
	return b.cfg().Lane != nil && !mode.Outside && !(b.gainsBeside(kind, mode) && mayRunBeside(c, mode))
}

// mayRunBeside reports whether an event of c may run outside of the lane, in another process.
func mayRunBeside(c *client, mode *isolation.RunMode) bool {
	return mode.Beside && (c == nil || !c.bridge.table.IsBound(c.key))
}

// gainsBeside reports whether the handlers of a kind take so long that they should not keep others waiting in the lane. The two events of
// a handshake go together, so that they have one turn.
// They have to be watched before, since what reading their code has missed would show there.
func (b *Bridge) gainsBeside(kind protocol.Kind, mode *isolation.RunMode) bool {
	if !b.isSlow(kind, mode) {
		return false
	}
	pace, other := b.pace.Load(), b.partner(kind)
	return pace.IsWatched(kind) && (other == "" || pace.IsWatched(other))
}

// isWatched reports whether an event of a kind is to be watched in the lane.
func (b *Bridge) isWatched(kind protocol.Kind, mode *isolation.RunMode) bool {
	return mode.Beside && b.isSlow(kind, mode) && !b.pace.Load().IsWatched(kind)
}

// isSlow reports whether the handlers of a kind take long, and may run beside others.
func (b *Bridge) isSlow(kind protocol.Kind, mode *isolation.RunMode) bool {
	pace, other := b.pace.Load(), b.partner(kind)
	return mode.Beside && (pace.Slow(kind) || other != "" && pace.Slow(other))
}

// partner returns the kind of the other event of a handshake, if that has a handler that may run beside others; else "".
func (b *Bridge) partner(kind protocol.Kind) protocol.Kind {
	other := protocol.Open
	switch kind {
	case protocol.Open:
		other = protocol.Authenticate
	case protocol.Authenticate:
	default:
		return ""
	}
	if app := b.app.Load(); !app.Has(other) || !app.RunMode(other).Beside {
		return ""
	}
	return other
}

// lane returns the lane if the next event of d runs there, else nil. An event that may run outside of it stays in a turn for that.
func (d *dispatcher) lane(kind protocol.Kind, mode *isolation.RunMode) Lane {
	lane := d.bridge.cfg().Lane
	isOutside := d.turn != nil && d.turn.Covers(false, false)
	switch {
	case lane == nil || d.stateless || d.toLane:
		return lane
	case isOutside && mayRunBeside(d.client, mode), !d.bridge.inLane(kind, d.client, mode):
		return nil
	}
	return lane
}

// learn takes note of what an event that has ended shows about its handlers.
func (b *Bridge) learn(x *exchange) {
	pace := b.pace.Load()
	took := time.Duration(x.done.Took * float64(time.Second))
	pace.Add(x.kind, took)
	if x.mode.Shares {
		pace.AddShare(x.kind, took, x.event.Clock || x.together > 0)
	}
	switch {
	case x.done.Wrote != "":
		b.markWriter(x.kind, x.done.Wrote)
	case len(x.done.Bound) > 0 && x.mode.Beside:
		b.markWriter(x.kind, "to $connections what only one process can hold")
	case x.event.Watch:
		pace.AddWatched(x.kind)
	}
}

// update replaces app by what change makes of it. change may be called again; nil changes nothing.
func (b *Bridge) update(change func(*isolation.Application) *isolation.Application) {
	for {
		app := b.app.Load()
		if fresh := change(app); fresh == nil || b.app.CompareAndSwap(app, fresh) {
			return
		}
	}
}

// markWriter records that an event wrote what its handlers' code does not show, and that has to be in one process. PHP has logged it.
func (b *Bridge) markWriter(kind protocol.Kind, what string) {
	b.update(func(app *isolation.Application) *isolation.Application {
		if app.IsWriter(kind) {
			return nil
		}
		return app.WithWriter(kind, what)
	})
}

// markHeld records global variables that were set to values that only the lane's process can hold. values describes them, by name for a
// variable.
func (b *Bridge) markHeld(values map[string]string) {
	if len(values) == 0 {
		return
	}
	b.update(func(app *isolation.Application) *isolation.Application {
		var names []string
		for name := range values {
			if global, ok := strings.CutPrefix(name, "$"); ok && !strings.Contains(global, "[") && !app.IsHeld(global) {
				names = append(names, global)
			}
		}
		if names == nil {
			return nil
		}
		return app.WithHeld(names)
	})
}
