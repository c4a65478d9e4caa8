package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maxRead is how many entries one Read returns at most.
const maxRead = 256

// readWait is how long one read waits at the engine for entries. A new membership ends it anyway.
const readWait = time.Second

// Read returns the next entries of the log, and waits for them. By calling it one says that all that it returned before is done, and need
// not be kept for this machine. It returns ErrResync once when entries are missing, or this machine has joined anew, and then what
// follows; right after Start it begins with the entry after the one that says that this machine has joined. While the engine is away it
// waits. It is for one goroutine.
func (m *Member) Read(ctx context.Context) ([]Entry, error) {
	m.read.Store(m.offset)
	for failed := 0; ; {
		if err := m.reset(); err != nil {
			return nil, err
		}
		entries, err := m.readOnce(ctx)
		switch {
		case m.ctx.Err() != nil:
			return nil, m.Err()
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, ErrAway):
			failed++
			pause(ctx, m.again(failed))
		case err != nil && !errors.Is(err, context.Canceled):
			return nil, err
		case len(entries) > 0:
			return m.take(entries)
		}
	}
}

// reset goes to where the present membership begins, if it is another one than before.
func (m *Member) reset() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.resynced == m.id.Epoch {
		return nil
	}
	isFirst := m.resynced == 0
	m.resynced, m.offset = m.id.Epoch, m.start
	m.read.Store(m.offset)
	if isFirst {
		return nil
	}
	return fmt.Errorf("%w: this machine has joined again", ErrResync)
}

// readOnce asks the engine once. It ends when this machine's membership changes.
func (m *Member) readOnce(ctx context.Context) ([]Entry, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(m.ctx, cancel)()
	m.mu.Lock()
	stale := m.id.Epoch != m.resynced
	m.cancelRead = cancel
	m.mu.Unlock()
	if stale {
		return nil, nil
	}
	return m.engine.Read(ctx, m.offset, maxRead, readWait)
}

// take returns entries if they follow on those before, without a gap between them.
func (m *Member) take(entries []Entry) ([]Entry, error) {
	if first := entries[0].Offset; first != m.offset+1 {
		err := fmt.Errorf("%w: %d to %d", ErrResync, m.offset+1, first-1)
		m.offset = first - 1
		m.read.Store(m.offset)
		return nil, err
	}
	for i, e := range entries {
		if e.Offset != entries[0].Offset+uint64(i) {
			entries = entries[:i]
			break
		}
		if e.Kind != Data { // there is a leader to elect or to know, or another machine
			m.Poke()
		}
	}
	m.offset = entries[len(entries)-1].Offset
	m.learn(Marks{Offset: m.offset})
	return entries, nil
}
