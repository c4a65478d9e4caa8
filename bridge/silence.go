package bridge

import (
	"errors"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/bridge/socket"
)

// stoppedFor is how late the end of a client's time has to be noticed for wsbridge itself to have been stopped: by a signal, or with its
// whole machine. No load delays a timer that long.
const stoppedFor = time.Second

// keepAlive restarts the time for which the client may be silent. It does nothing once the client has ended: then the client has to answer our
// close frame.
func (c *client) keepAlive() {
	if ended := c.seen(); !ended {
		c.conn.KeepAlive(c.bridge.cfg().PongTimeout)
	}
}

// seen notes that something has come of the client, and reports whether the client has ended.
func (c *client) seen() (ended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = time.Time{}
	return c.ended
}

// askedAt returns when the first ping was sent that has not been answered.
func (c *client) askedAt() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// OnBytes implements socket.Owner.
func (c *client) OnBytes(int) { c.keepAlive() }

// OnSilence implements socket.Owner. A client is silent only if it had the time to answer a ping. It had not if wsbridge was stopped: then it
// is asked anew.
func (c *client) OnSilence(late time.Duration) time.Duration {
	cfg := c.bridge.cfg()
	answer, asked := cfg.PongTimeout-cfg.PingInterval, c.askedAt()
	switch {
	case c.hasEnded():
		return 0
	case c.bridge.isDraining():
		return cfg.PongTimeout // it gets no more pings, but soon its end
	case asked.IsZero() || late >= stoppedFor:
		c.seen()
		c.askForLife()
		return answer
	}
	return answer - time.Since(asked)
}

func (c *client) startPing() {
	c.mu.Lock() // the timer may fire before it is assigned; sendPing calls hasEnded first
	defer c.mu.Unlock()
	interval := c.bridge.cfg().PingInterval
	c.pings = time.Now().Add(interval).UnixMicro()
	c.ping = time.AfterFunc(interval, c.sendPing)
}

// nextPing returns when the next ping is due.
func (c *client) nextPing() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.UnixMicro(c.pings)
}

// prepareTimers makes the timers of a client that another process has served. setTimers starts them.
func (c *client) prepareTimers() {
	c.ping = time.AfterFunc(c.bridge.cfg().PingInterval, c.sendPing)
	c.ping.Stop()
	c.idle = c.newIdleTimer()
	c.idle.hold()
}

// setTimers lets the times of a client go on that stood still, or that another process has begun.
func (c *client) setTimers() {
	c.ping.Reset(time.Until(c.nextPing()))
	c.idle.goOn()
}

// sendPing is called by a timer, which a drain does not wait for.
func (c *client) sendPing() {
	leave, err := c.bridge.entrance.enter(upkeep)
	if err != nil {
		return // after a hand-over that was given up, the timer is set again
	}
	defer leave()
	if c.hasEnded() {
		return
	}
	c.askForLife()
	interval := c.bridge.cfg().PingInterval
	c.mu.Lock()
	c.pings = time.Now().Add(interval).UnixMicro()
	c.mu.Unlock()
	c.ping.Reset(interval)
}

// askForLife sends a ping, and notes when unless an earlier one has not been answered.
func (c *client) askForLife() {
	now := time.Now()
	c.mu.Lock()
	if c.asked.IsZero() {
		c.asked = now
	}
	c.mu.Unlock()
	c.set(rows.Time("ping_time", now))
	if err := c.conn.Send(socket.NewMessage(socket.OpPing, nil)); errors.Is(err, socket.ErrFull) {
		c.end(outcome.EndedSlow)
	}
}
