package bridge

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// lateCloses are the clients whose close events did not run since php-fpm was away for longer than UnavailableWait, in the order in which they
// left. Nobody else would tell the application of that, so these events wait until it is back, or until a shutdown. They have no turn meanwhile.
type lateCloses struct {
	mu      sync.Mutex // guards the fields below
	clients []*client
	waiting bool // runLateCloses runs
}

// add reports whether the caller has to start runLateCloses.
func (l *lateCloses) add(c *client) (first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first = !l.waiting
	l.clients, l.waiting = append(l.clients, c), true
	return first
}

// take returns the client that has waited longest, or nil.
func (l *lateCloses) take() *client {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.clients) == 0 {
		return nil
	}
	c := l.clients[0]
	l.clients[0] = nil
	l.clients = l.clients[1:]
	return c
}

// end reports whether runLateCloses has to end, since there are no clients.
func (l *lateCloses) end() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = len(l.clients) > 0
	return !l.waiting
}

// closesLater reports whether err leaves the client's close event to run later. That of a refused handshake is not waited for.
func (c *client) closesLater(err error) bool {
	ending, _, _ := c.howEnded()
	return isAway(err) && !errors.Is(err, protocol.ErrRefused) && ending != outcome.EndedRefused && !c.bridge.isDraining()
}

func isAway(err error) bool {
	return errors.Is(err, protocol.ErrUnavailable) || errors.Is(err, protocol.ErrOverloaded)
}

// closeLater ends the connection, which need not wait for the close event, and runs that when php-fpm is back.
func (c *client) closeLater() {
	b := c.bridge
	c.cut()
	if b.late.add(c) {
		b.spawn(b.runLateCloses)
	}
}

// runLateCloses runs these events when php-fpm is back, as many together as may run. There may be thousands, so that not each has a goroutine.
func (b *Bridge) runLateCloses() {
	for !b.late.end() {
		b.awaitPHP()
		var runners sync.WaitGroup
		for range b.cfg().Parallel {
			runners.Go(b.closeWhilePHPAnswers)
		}
		runners.Wait()
	}
}

// closeWhilePHPAnswers runs late close events one after the other until there are no more, or php-fpm is away again. In a shutdown it runs
// all of them: they fail at once then, and end their clients.
func (b *Bridge) closeWhilePHPAnswers() {
	for !b.outage.On() || b.isDraining() {
		c := b.late.take()
		if c == nil {
			return
		}
		d := &dispatcher{bridge: b, client: c}
		c.close(d, nil)
		d.end()
	}
}

// awaitPHP blocks until php-fpm answers, or a shutdown begins.
func (b *Bridge) awaitPHP() {
	for b.reachPHP(b.base) != nil {
		select {
		case <-time.After(retryInterval/2 + rand.N(retryInterval)):
		case <-b.drained:
			return
		}
	}
}
