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

// end queues the close event after the client's other events, and records the ending with its close code. Only the first call counts.
func (c *client) end(e outcome.Ending) {
	code, reason := e.Close()
	c.endWith(e, code, reason)
}

// endUnlessDraining is end for goroutines that a drain does not wait for. A drain ends all clients itself, and after a hand-over that was given up
// their timers run again.
func (c *client) endUnlessDraining(e outcome.Ending) {
	if leave, err := c.bridge.entrance.enter(upkeep); err == nil {
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
		c.drop(code, reason)
		fallthrough
	case outcome.EndedByHangup, outcome.EndedSilent:
		c.markUnreachable()
	}
	if c.bridge.cutsOff(e) {
		c.cut()
	}
	c.enqueueClose()
}

// drop ends the connection of a client that does not read.
func (c *client) drop(code int, reason string) {
	if c.upgraded.Load() {
		c.conn.DropAndClose(code, reason)
	} else {
		c.early.Abort()
	}
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

// leave removes the client, whose close event has ended or will not run: its row is removed, its queued events are dropped, and its connection
// is closed after what it still has to be sent. It may be called again.
func (c *client) leave() {
	if c.remove() {
		c.settle()
	}
}

// remove is leave for a client whose close event the journal is to keep. It reports false if the client has left before.
func (c *client) remove() bool {
	removed, opened := c.bridge.clients.remove(c)
	if !removed {
		return false
	}
	c.bridge.table.Apply(rows.Change{Key: c.key, Step: rows.Removed})
	c.events.Close()
	ending, code, _ := c.howEnded()
	level := slog.LevelInfo
	if ending == outcome.EndedRefused { // the refusal has been logged or counted
		level = slog.LevelDebug
	}
	c.logger().Log(context.Background(), level, "client left", keyEnding, ending.String(), keyCode, code)
	c.bridge.cfg().Observer.Ended(ending)
	c.endConnection(opened)
	return true
}

// endConnection closes the client's connection after what it still has to be sent. It may be called again.
func (c *client) endConnection(opened bool) {
	ending, code, reason := c.howEnded()
	if !opened {
		c.closeEarly(ending, code, reason)
		return
	}
	c.ping.Stop()
	c.idle.stop()
	c.conn.Close(code, reason)
}

// closeEarly closes the connection of a client that has left without a handshake, after what it was sent. Only a handler's close code is
// sent, as the client speaks no WebSocket. One that there was no room for is told so in the answer to its handshake.
func (c *client) closeEarly(ending outcome.Ending, code int, reason string) {
	var last []byte
	switch {
	case ending == outcome.EndedBusy:
		return
	case ending == outcome.EndedByHandler && code != 0:
		last = socket.CloseFrame(code, reason)
	}
	c.early.Close(last)
}

func (c *client) hasLeft() bool { return c.left.Load() }

// turnAway ends a client whose event did not find room or did not run in time.
func (c *client) turnAway(why error) {
	if !c.hasEnded() {
		c.bridge.countOverload(overload{why: why})
		if c.upgraded.Load() {
			c.end(outcome.EndedBusy)
		} else {
			c.endUnlessDraining(outcome.EndedBusy) // net/http may be reading
		}
	}
}

// close runs the close event, unless err says why it does not get a turn. Afterwards the client has left, whatever PHP did.
func (c *client) close(d *dispatcher, err error) {
	c.terminate()
	d.ctx, d.failFast, d.terms = c.bridge.base, false, schedule.Terms{Class: schedule.Close, Session: c.session}
	d.kind = protocol.Closing // also of an event that does not run
	if err == nil {
		_, err = d.run(protocol.Closing, nil)
	}
	c.closed(d, err)
}

// terminate marks the row of a client that nothing can be sent to, before its close event.
func (c *client) terminate() {
	switch ending, _, _ := c.howEnded(); ending {
	case outcome.EndedByHangup, outcome.EndedSlow, outcome.EndedSilent:
		c.bridge.table.Apply(rows.Change{Key: c.key, Step: rows.Terminated})
	}
}

// closed is called when the close event has ended, or has not run because of err.
func (c *client) closed(d *dispatcher, err error) {
	if c.closesLater(err) {
		c.closeLater()
		return
	}
	if hasNotRun(err) {
		c.notClosed(d, err)
		return
	}
	c.leave()
}

// notClosed removes a client whose close event did not run, and which the journal keeps for the next start, if there is one.
func (c *client) notClosed(d *dispatcher, err error) {
	if c.bridge.unclosed.First(outcome.Sentinel(err)) {
		d.eventLog(c.logger()).Error("close handlers did not run", keyError, err, "journal", c.owed.Load())
	}
	c.remove()
}

// hasNotRun reports whether err says that an event did not run since the server ends.
func hasNotRun(err error) bool {
	return errors.Is(err, outcome.ErrDrained) || errors.Is(err, outcome.ErrStopped) || isAway(err)
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
