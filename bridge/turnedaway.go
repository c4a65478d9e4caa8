package bridge

import (
	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// overload is one way in which clients that find no room or no time are turned away.
type overload struct {
	refused bool // a handshake, with 503; else a client, with 1013
	why     error
}

// overloaded logs a client that is turned away: the first of an interval, and later how many there were besides. It compares
// sentinels, since each client has an error of its own when php-fpm is away.
func (b *Bridge) overloaded(o overload) {
	if b.overloads.First(overload{refused: o.refused, why: outcome.Sentinel(o.why)}) {
		b.logOverload(o, 1)
	}
}

func (b *Bridge) logOverload(o overload, clients int) {
	closed, refused := clients, 0
	if o.refused {
		closed, refused = 0, clients
	}
	events, size := b.backlog.Now()
	b.log.Warn("overloaded: clients were turned away", "closed", closed, "refused", refused, keyError, o.why,
		keyWaiting, events, keyBytes, size)
}

// TurnedAwayLimits returns what an Observer's TurnedAway is called with.
func TurnedAwayLimits() []string { return door.LimitNames() }

// turnedAway counts and logs a connection that is over a limit of the door, likewise.
func (b *Bridge) turnedAway(limit, peer string) {
	b.cfg().Observer.TurnedAway(limit)
	if b.rejections.First(limit) {
		b.logRejections(limit, 1, keyPeer, peer)
	}
}

func (b *Bridge) logRejections(limit string, connections int, attrs ...any) {
	attrs = append([]any{"turned_away", map[string]int{limit: connections}}, attrs...)
	b.log.Warn("connections were turned away at the door", attrs...)
}

// isLimit reports whether an ending means that the client was over a limit of its own.
func isLimit(e outcome.Ending) bool {
	switch e {
	case outcome.EndedTooBig, outcome.EndedFlood, outcome.EndedIdle, outcome.EndedSlow:
		return true
	}
	return false
}

// overLimit logs a client that ended so, likewise.
func (c *client) overLimit(e outcome.Ending) {
	if isLimit(e) && c.bridge.overLimits.First(e) {
		c.log.Warn("client is over a limit", keyEnding, e.String())
	}
}
