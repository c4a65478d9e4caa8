package schedule

import "time"

// AwaitRoom blocks while the queue is full, and calls f at intervals in the meantime. It reports whether it has blocked.
func (q *Queue) AwaitRoom(interval time.Duration, f func()) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.isFull() {
		return false
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for q.isFull() {
		changed := q.nextChange()
		q.mu.Unlock()
		select {
		case <-changed:
		case <-tick.C:
			f()
		}
		q.mu.Lock()
	}
	return true
}

// AwaitHalf blocks until the queue is at most half full, and reports false if it takes nothing more. Who has much to queue waits less often than by
// Put.
func (q *Queue) AwaitHalf() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.isOverHalf() {
		if q.halved == nil {
			q.halved = make(chan struct{})
		}
		halved := q.halved
		q.mu.Unlock()
		<-halved
		q.mu.Lock()
	}
	return !q.sealed
}

func (q *Queue) isOverHalf() bool {
	return !q.sealed && !q.unbounded && (2*q.length > q.maxEvents || 2*q.bytes > q.maxBytes)
}

// Hold blocks until there is no current event, and keeps the queue from running any until Release. The caller may run events itself in the
// meantime.
func (q *Queue) Hold() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held = true
	for q.running {
		q.wait()
	}
}

// Release must be called once after Hold.
func (q *Queue) Release() {
	q.mu.Lock()
	q.held = false
	begins := q.begin()
	q.mu.Unlock()
	if begins {
		q.submit()
	}
}

// nextChange returns a channel that the next notify closes.
func (q *Queue) nextChange() <-chan struct{} {
	if q.changed == nil {
		q.changed = make(chan struct{})
	}
	return q.changed
}

// notify says that there may be room, or no current event.
func (q *Queue) notify() {
	if q.changed != nil {
		close(q.changed)
		q.changed = nil
	}
	if q.halved != nil && !q.isOverHalf() {
		close(q.halved)
		q.halved = nil
	}
}

// wait blocks until the next notify. It unlocks mu in the meantime.
func (q *Queue) wait() {
	changed := q.nextChange()
	q.mu.Unlock()
	<-changed
	q.mu.Lock()
}
