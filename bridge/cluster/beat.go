package cluster

import (
	"context"
	"errors"
	"time"
)

// beats renews the lease until the member is closed or expelled.
func (m *Member) beats() {
	t := time.NewTimer(0)
	defer t.Stop()
	for failed := 0; ; {
		select {
		case <-m.ctx.Done():
			return
		case <-m.poked:
		case <-t.C:
		}
		err := m.beat()
		if errors.Is(err, ErrLapsed) {
			m.options.Logger.Warn("the machine's membership of the cluster has ended, and it joins again", "cause", err)
			m.lose()
			err = m.join(m.ctx)
		}
		if errors.Is(err, ErrExpelled) {
			m.lose()
			m.options.Logger.Error("the cluster has given this machine up", "machine", m.Identity().Number)
			m.cancel(ErrExpelled)
			return
		}
		m.tellAway(failed > 0, err)
		if failed++; err == nil {
			failed = 0
		}
		t.Reset(m.nextBeat(failed))
	}
}

// nextBeat is how long the next beat may wait. The one after the state has settled elects the first leader and takes the first keys.
func (m *Member) nextBeat(failed int) time.Duration {
	if failed > 0 {
		return m.again(failed)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.view.Settling > 0 {
		return min(m.options.beatEvery, m.view.Settling+time.Millisecond)
	}
	return m.options.beatEvery
}

// again is how long to wait after a number of failures in sequence: little at first, since often only the connection is broken.
func (m *Member) again(failed int) time.Duration {
	return min(m.options.beatEvery/4, 5*time.Millisecond<<min(failed, 20))
}

// lose notes that the lease is known to have ended.
func (m *Member) lose() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.heldTo = 0
	m.announce()
}

// tellAway logs when the engine goes and comes, once each.
func (m *Member) tellAway(was bool, err error) {
	switch {
	case m.ctx.Err() != nil:
	case err != nil && !was:
		m.options.Logger.Error("the cluster cannot be reached", "cause", err)
	case err == nil && was:
		m.options.Logger.Info("the cluster can be reached again")
	}
}

// beat renews the lease once, and takes keys if they run short.
func (m *Member) beat() error {
	ctx, cancel := context.WithTimeout(m.ctx, m.patience())
	defer cancel()
	id := m.Identity()
	began := sinceBoot()
	view, err := m.engine.Beat(ctx, id, Pulse{
		Read: m.read.Load(), Candidate: m.wouldLead(), Lease: m.options.Lease, MaxLog: m.options.MaxLog, Note: m.options.Note(),
	})
	if err != nil {
		return err
	}
	m.hold(id, began, view)
	if !m.keys.isShort(m.options.KeyBlock) {
		return nil
	}
	last, err := m.engine.TakeKeys(ctx, id, m.options.KeyBlock)
	if errors.Is(err, ErrSettling) {
		return nil
	}
	if err == nil {
		m.keys.add(last-int64(m.options.KeyBlock)+1, last)
		m.learn(Marks{Key: last})
	}
	return err
}

// wouldLead tells whether this machine stands for the lead. After it has resigned it leaves the lead to others for a while.
func (m *Member) wouldLead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.options.Observer && sinceBoot() >= m.standsFrom
}

// patience is how long a beat may take.
func (m *Member) patience() time.Duration { return max(m.options.Lease/3, 100*time.Millisecond) }

// hold notes that the lease has been renewed by a beat that began at a time. The engine's lease began later, so it ends later; the
// margin is for clocks that do not run alike.
func (m *Member) hold(id Identity, began time.Duration, v View) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.id != id {
		return
	}
	m.view, m.heldTo = v, began+m.options.Lease-m.options.Lease/10
	m.known.raise(v.Marks)
	if v.Leader != 0 && v.Leader != id.Number {
		m.standsFrom = 0 // the lead has gone to another, so this one may follow it
	}
	m.announce()
}

// announce wakes those who wait for a change. It is called with mu held.
func (m *Member) announce() {
	close(m.changed)
	m.changed = make(chan struct{})
}

func (m *Member) learn(seen Marks) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known.raise(seen)
}

// join joins, or joins again, and tries until that works, ctx ends, or the machine is expelled.
func (m *Member) join(ctx context.Context) error {
	var last error
	for {
		began := sinceBoot()
		id, offset, err := m.joinOnce(ctx)
		switch {
		case err == nil:
			m.enter(id, offset, began)
			m.options.Logger.Info("the machine has joined the cluster", "machine", id.Number, "epoch", id.Epoch, "generation", id.Generation)
			return nil
		case ctx.Err() != nil:
			return errors.Join(last, context.Cause(ctx))
		case !errors.Is(err, ErrAway) && !errors.Is(err, ErrSettling) && !errors.Is(err, ErrFull):
			return err
		}
		if last == nil {
			m.options.Logger.Warn("the cluster cannot be joined yet", "cause", err)
		}
		last = err
		again := m.options.beatEvery / 4
		if errors.Is(err, ErrSettling) {
			again = min(again, max(m.options.Settle/4, 10*time.Millisecond))
		}
		if !pause(ctx, again) {
			return errors.Join(last, context.Cause(ctx))
		}
	}
}

func (m *Member) joinOnce(ctx context.Context) (Identity, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, max(m.patience(), dialTimeout))
	defer cancel()
	m.mu.Lock()
	c := Claim{
		Identity: m.id, Token: m.token, Name: m.options.Name, Lease: m.options.Lease, Settle: m.options.Settle,
		Known: m.known, Expelled: m.view.Expelled,
	}
	m.mu.Unlock()
	return m.engine.Join(ctx, c)
}

// enter begins a membership.
func (m *Member) enter(id Identity, offset uint64, began time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.id, m.start = id, offset
	m.view.Leader, m.view.Term = 0, 0
	m.heldTo = began + m.options.Lease - m.options.Lease/10
	m.known.raise(Marks{Machine: id.Number, Offset: offset})
	if m.cancelRead != nil {
		m.cancelRead()
	}
	m.announce()
	m.Poke()
}
