package bridge

import (
	"context"
	"errors"
	"log/slog"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

// unsent ends a client that has too much queued already.
func (c *client) unsent(err error) {
	if errors.Is(err, socket.ErrFull) {
		c.end(outcome.EndedSlow)
	}
}

// end queues the close event behind the client's other events, with the ending's own code. Only the first call counts.
func (c *client) end(e outcome.Ending) {
	code, reason := e.Close()
	c.endWith(e, code, reason)
}

// endUnlessDraining is end for goroutines that a drain does not wait for. Once one has begun, it ends all clients itself.
func (c *client) endUnlessDraining(e outcome.Ending) {
	if leave, ok := c.bridge.enter(); ok {
		defer leave()
		c.end(e)
	}
}

func (c *client) endWith(e outcome.Ending, code int, reason string) {
	if !c.markEnded(e, code, reason) {
		return
	}
	c.overLimit(e)
	switch e {
	case outcome.EndedSlow:
		c.conn.DropAndClose(code, reason)
		fallthrough
	case outcome.EndedByHangup, outcome.EndedSilent:
		c.unreachable()
	}
	c.enqueueClose()
}

// markEnded records how the client ends; it reports false if that is settled already.
func (c *client) markEnded(e outcome.Ending, code int, reason string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	c.ended, c.ending, c.code, c.reason = true, e, code, reason
	return true
}

func (c *client) hasEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

func (c *client) how() (e outcome.Ending, code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending, c.code, c.reason
}

// leave ends the client for good: its row goes, its queued events are dropped, its socket ends behind what it is still
// to be sent. It may be called again.
func (c *client) leave() {
	removed, opened := c.bridge.clients.remove(c)
	if !removed {
		return
	}
	c.bridge.table.Apply(rows.Change{Key: c.key, Step: rows.Removed})
	c.events.Close()
	ending, code, reason := c.how()
	level := slog.LevelInfo
	if ending == outcome.EndedRefused { // its refusal has been logged, or counted
		level = slog.LevelDebug
	}
	c.log.Log(context.Background(), level, "client left", keyEnding, ending.String(), keyCode, code)
	c.bridge.cfg().Observer.Ended(ending)
	if opened {
		c.ping.Stop()
		c.idle.stop()
		c.conn.Close(code, reason)
	}
}

// gone reports whether the client has left.
func (c *client) gone() bool { return c.bridge.clients.get(c.key) == nil }

// turnAway ends a client whose event found no room or no time.
func (c *client) turnAway(why error) {
	if !c.hasEnded() {
		c.bridge.overloaded(overload{why: why})
		c.end(outcome.EndedBusy)
	}
}

// close runs the close event, in d's turn unless err tells that it has none. Whatever PHP makes of it, the client has left afterwards.
func (c *client) close(d *dispatcher, err error) {
	switch ending, _, _ := c.how(); ending {
	case outcome.EndedByHangup, outcome.EndedSlow, outcome.EndedSilent: // nothing can be sent to it
		c.bridge.table.Apply(rows.Change{Key: c.key, Step: rows.Terminated})
	}
	d.ctx, d.failFast, d.terms = c.bridge.base, false, schedule.Terms{Class: schedule.Close, Session: c.session}
	if err == nil {
		_, err = d.run(protocol.Closing, nil)
	}
	if errors.Is(err, outcome.ErrDrained) || errors.Is(err, outcome.ErrStopped) {
		d.note(c.log).Error("close handlers did not run", keyError, err)
	}
	c.leave()
}

// failed decides what a failed event means for its client.
func (c *client) failed(err error) {
	switch ending := outcome.Of(err).Ending; {
	case ending == outcome.EndedBusy:
		c.turnAway(err)
	case ending == outcome.EndedFailed && c.bridge.cfg().CloseOnError:
		c.end(ending)
	}
}
