package bridge

import (
	"log/slog"
	"sync"

	"github.com/wsbridge/wsbridge/bridge/door"
)

// TurnedAwayLimits returns what an Observer's TurnedAway is called with.
func TurnedAwayLimits() []string { return door.LimitNames() }

// turnedAway counts a connection that the door turns away.
func (b *Bridge) turnedAway(limit, peer string) {
	b.cfg().Observer.TurnedAway(limit)
	b.rejected.add(limit, peer)
}

// rejectionLog logs the first connection of an interval that is turned away at once, and the others together.
type rejectionLog struct {
	log *slog.Logger

	mu     sync.Mutex     // guards the fields below
	counts map[string]int // by limit, since the last line
	peer   string         // of the last one
	logged bool           // in this interval
}

func (l *rejectionLog) add(limit, peer string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[limit]++
	l.peer = peer
	if !l.logged {
		l.write()
	}
}

// flush logs what has not been logged yet. After an interval without any, the next one is logged at once again.
func (l *rejectionLog) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.logged = false
	if len(l.counts) > 0 {
		l.write()
	}
}

// write is called with mu held: lines keep their order.
func (l *rejectionLog) write() {
	l.log.Warn("connections were turned away at the door", "turned_away", l.counts, keyPeer, l.peer)
	l.counts, l.logged = map[string]int{}, true
}
