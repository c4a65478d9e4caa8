package door

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// pauseGate is where Accept waits while the listener is paused.
type pauseGate struct {
	mu      sync.Mutex    // guards the fields below
	waits   bool          // Accept does
	arrived chan struct{} // closed when Accept has come to wait; nil: nobody asks
	resumed chan struct{} // closed by the end of the pause; nil: there is none
	closed  bool
}

// errNoDeadline says that a listener's Accept cannot be interrupted.
var errNoDeadline = errors.New("the listener has no SetDeadline")

type deadliner interface{ SetDeadline(time.Time) error }

// Pause lets no more connections in until Resume: new ones wait in the kernel. It blocks until Accept has returned what it has accepted, or ctx
// ends, whose cause it returns; then there is no pause. The listener below must have a method SetDeadline, as those of TCP and unix sockets have.
func (l *Listener) Pause(ctx context.Context) error {
	below, ok := l.Listener.(deadliner)
	if !ok {
		return fmt.Errorf("pause %s: %w", l.Addr(), errNoDeadline)
	}
	arrived, err := l.gate.close()
	if err != nil {
		return err
	}
	if err := below.SetDeadline(time.Unix(1, 0)); err != nil {
		l.Resume()
		return err
	}
	select {
	case <-arrived:
		return nil
	case <-ctx.Done():
		l.Resume()
		return context.Cause(ctx)
	}
}

// Early returns how many connections there are of which no request has come.
func (l *Listener) Early() int { return int(l.early.Load()) }

// Resume ends a pause, if there is one.
func (l *Listener) Resume() {
	if below, ok := l.Listener.(deadliner); ok && l.gate.isClosed() {
		_ = below.SetDeadline(time.Time{}) // if it fails, so does Accept
	}
	l.gate.open(false)
}

// Close closes the listener below, and ends a pause.
func (l *Listener) Close() error {
	err := l.Listener.Close()
	l.gate.open(true)
	return err
}

// acceptBelow accepts a connection when there is no pause.
func (l *Listener) acceptBelow() (net.Conn, error) {
	for {
		l.gate.await()
		accepted, err := l.Listener.Accept()
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) || !l.gate.isClosed() {
			return accepted, err
		}
	}
}

// close begins a pause. arrived is closed when Accept waits for its end.
func (g *pauseGate) close() (arrived <-chan struct{}, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, net.ErrClosed
	}
	if g.resumed == nil {
		g.resumed, g.arrived = make(chan struct{}), make(chan struct{})
		if g.waits {
			close(g.arrived)
		}
	}
	return g.arrived, nil
}

// open ends a pause, and with forGood all that could come.
func (g *pauseGate) open(forGood bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = g.closed || forGood
	if g.resumed != nil {
		close(g.resumed)
		g.resumed = nil
	}
}

func (g *pauseGate) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.resumed != nil
}

// await blocks until there is no pause.
func (g *pauseGate) await() {
	for {
		g.mu.Lock()
		resumed := g.resumed
		if g.waits = resumed != nil; !g.waits {
			g.mu.Unlock()
			return
		}
		select {
		case <-g.arrived:
		default:
			close(g.arrived)
		}
		g.mu.Unlock()
		<-resumed
	}
}
