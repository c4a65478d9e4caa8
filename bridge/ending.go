package bridge

import (
	"context"
	"errors"
	"log/slog"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/protocol"
)

// end queues the close event after the client's other events, and records the ending with its close code. Only the first call counts.
func (c *client) end(e outcome.Ending) {
	code, reason := e.Close()
	c.endWith(e, code, reason)
}

// endUnlessDraining is end for goroutines that a drain does not wait for. A drain ends all clients itself.
func (c *client) endUnlessDraining(e outcome.Ending) {
	if leave, ok := c.bridge.enter(); ok {
		defer leave()
		c.end(e)
	}
}

// endWith is end with another close code and reason.
func (c *client) endWith(e outcome.Ending, code int, reason string) {
	if !c.markEnded(e, code, reason) {
		return
	}
	c.countOverLimit(e)
	switch e {
	case outcome.EndedSlow:
		c.conn.DropAndClose(code, reason)
		fallthrough
	case outcome.EndedByHangup, outcome.EndedSilent:
		c.markUnreachable()
	}
	c.enqueueClose()
}

// markEnded records how the client ends. It reports false if that has been recorded before.
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

// howEnded returns what was recorded by markEnded.
func (c *client) howEnded() (e outcome.Ending, code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending, c.code, c.reason
}

// leave removes the client: its row is removed, its queued events are dropped, and its connection is closed after what it still has to be
// sent. It may be called again.
func (c *client) leave() {
	removed, opened := c.bridge.clients.remove(c)
	if !removed {
		return
	}
	c.bridge.table.Apply(rows.Change{Key: c.key, Step: rows.Removed})
	c.events.Close()
	ending, code, reason := c.howEnded()
	level := slog.LevelInfo
	if ending == outcome.EndedRefused { // the refusal has been logged or counted
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

func (c *client) hasLeft() bool { return c.bridge.clients.get(c.key) == nil }

// turnAway ends a client whose event did not find room or did not run in time.
func (c *client) turnAway(why error) {
	if !c.hasEnded() {
		c.bridge.countOverload(overload{why: why})
		if c.bridge.clients.isUpgraded(c) {
			c.end(outcome.EndedBusy)
		} else {
			c.endUnlessDraining(outcome.EndedBusy) // net/http may be reading
		}
	}
}

// close runs the close event, unless err says why it does not get a turn. Afterwards the client has left, whatever PHP did.
func (c *client) close(d *dispatcher, err error) {
	switch ending, _, _ := c.howEnded(); ending {
	case outcome.EndedByHangup, outcome.EndedSlow, outcome.EndedSilent: // nothing can be sent to it
		c.bridge.table.Apply(rows.Change{Key: c.key, Step: rows.Terminated})
	}
	d.ctx, d.failFast, d.terms = c.bridge.base, false, schedule.Terms{Class: schedule.Close, Session: c.session}
	if err == nil {
		_, err = d.run(protocol.Closing, nil)
	}
	if errors.Is(err, outcome.ErrDrained) || errors.Is(err, outcome.ErrStopped) {
		d.eventLog(c.log).Error("close handlers did not run", keyError, err)
	}
	c.leave()
}

// failed ends the client of a failed event, if the error requires that.
func (c *client) failed(err error) {
	switch ending := outcome.Of(err).Ending; {
	case ending == outcome.EndedBusy:
		c.turnAway(err)
	case ending == outcome.EndedFailed && c.bridge.cfg().CloseOnError:
		c.end(ending)
	}
}
