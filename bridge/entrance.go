package bridge

import "sync"

// entrance counts what a drain waits for before it ends the clients. A hand-over waits for some of it, too.
type entrance struct {
	mu      sync.Mutex // guards the fields below
	closed  error      // why nobody new comes in: ErrStopping or ErrHandingOver; nil: they do
	shut    bool       // nothing at all comes in
	inside  [entryKinds]int
	changed chan struct{} // closed when something leaves; nil: nobody waits for that
}

// entry is what comes in.
type entry int

const (
	newcomer entry = iota // a handshake, or a call of an operator: it makes events or sends messages
	upkeep                // a timer of a client, or the end of one: short
	page                  // a request that is no handshake, and lasts as long as it likes
	entryKinds
)

// enter makes a drain wait until leave is called. Its error is ErrStopping or ErrHandingOver.
func (e *entrance) enter(kind entry) (leave func(), err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.shut || e.closed != nil && kind == newcomer {
		return nil, e.closed
	}
	e.inside[kind]++
	return func() { e.leave(kind) }, nil
}

func (e *entrance) leave(kind entry) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.inside[kind]--
	if e.changed != nil {
		close(e.changed)
		e.changed = nil
	}
}

// close keeps newcomers out from now on, or everything with shut. nil lets all in again.
func (e *entrance) close(why error, shut bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed, e.shut = why, shut
}

// why returns why newcomers do not come in, or nil.
func (e *entrance) why() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.closed
}

// leftBy returns a channel that is closed when something has left, or nil if nothing of these kinds is inside.
func (e *entrance) leftBy(kinds ...entry) <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, kind := range kinds {
		if e.inside[kind] > 0 {
			if e.changed == nil {
				e.changed = make(chan struct{})
			}
			return e.changed
		}
	}
	return nil
}

// await blocks until nothing of these kinds is inside, or done is closed, which it reports with false. A nil done is never closed.
func (e *entrance) await(done <-chan struct{}, kinds ...entry) bool {
	for left := e.leftBy(kinds...); left != nil; left = e.leftBy(kinds...) {
		select {
		case <-left:
		case <-done:
			return false
		}
	}
	return true
}
