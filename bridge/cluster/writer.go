package cluster

import (
	"context"
	"errors"
	"fmt"
)

// Bounds of what waits to be appended, and of one batch. One entry may be larger than maxBatchBytes, and is a batch then.
const (
	maxWaiting    = 1024
	maxBatch      = 512
	maxBatchBytes = 1 << 20
	// MaxEntry is the size of an entry that Redis takes in any case (its proto-max-bulk-len is 512 MB, its output buffers are less).
	MaxEntry = 32 << 20
)

// appending is an append that waits.
type appending struct {
	term    uint64
	data    [][]byte
	size    int
	outcome chan appended // has room for one
}

type appended struct {
	offset uint64
	err    error
}

// Append appends entries to the log, at once and in their order, and returns the offset of the first. Appends of one goroutine are in the
// log in their order. It waits until they are there, also while the engine is away, and returns ErrLapsed if they certainly are not, or
// ErrUnknown, if this machine loses its membership first. If ctx ends first they may still be appended. The slices must not change.
func (m *Member) Append(ctx context.Context, data ...[]byte) (offset uint64, err error) {
	return m.append(ctx, 0, data)
}

// AppendAs is Append for the leader in a term. If the term has ended, it returns ErrNotLeader, and nothing is in the log.
func (m *Member) AppendAs(ctx context.Context, term uint64, data ...[]byte) (offset uint64, err error) {
	if term == 0 {
		return 0, ErrNotLeader
	}
	return m.append(ctx, term, data)
}

func (m *Member) append(ctx context.Context, term uint64, data [][]byte) (uint64, error) {
	a := &appending{term: term, data: data, outcome: make(chan appended, 1)}
	for _, d := range data {
		a.size += len(d)
	}
	if a.size > MaxEntry || len(data) == 0 || len(data) > maxBatch {
		return 0, fmt.Errorf("append to the cluster's log: %d entries of %d bytes, and 1 to %d of at most %d are allowed",
			len(data), a.size, maxBatch, MaxEntry)
	}
	select {
	case m.appends <- a:
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-m.ctx.Done():
		return 0, m.Err()
	}
	select {
	case o := <-a.outcome:
		return o.offset, o.err
	case <-ctx.Done():
		return 0, fmt.Errorf("%w: %w", ErrUnknown, ctx.Err())
	case <-m.ctx.Done():
		return 0, fmt.Errorf("%w: %w", ErrUnknown, m.Err())
	}
}

// write appends what waits, batch by batch: while one is on its way, the next gathers. It owns the sequence numbers.
func (m *Member) write() {
	var next *appending
	for seq := uint64(1); ; {
		if next == nil {
			select {
			case next = <-m.appends:
			case <-m.ctx.Done():
				return
			}
		}
		var group []*appending
		group, next = m.gather(next)
		b := Batch{Seq: seq, Term: group[0].term}
		for _, a := range group {
			b.Data = append(b.Data, a.data...)
		}
		seq += uint64(len(b.Data))
		first, err := m.send(b)
		for _, a := range group {
			a.outcome <- appended{first, err}
			first += uint64(len(a.data))
		}
	}
}

// gather returns the appends of the next batch, and one that did not fit.
func (m *Member) gather(first *appending) (group []*appending, left *appending) {
	group = []*appending{first}
	n, size := len(first.data), first.size
	for {
		select {
		case a := <-m.appends:
			n, size = n+len(a.data), size+a.size
			if a.term != first.term || n > maxBatch || size > maxBatchBytes {
				return group, a
			}
			group = append(group, a)
		default:
			return group, nil
		}
	}
}

// send appends a batch, and again after each error that leaves open whether it is there: the engine knows the sequence number.
func (m *Member) send(b Batch) (uint64, error) {
	id := m.Identity()
	doubt := false
	for failed := 1; ; failed++ {
		first, err := m.sendOnce(id, b)
		if err == nil {
			return first, nil
		}
		if !errors.Is(err, ErrAway) && m.ctx.Err() == nil {
			return 0, m.judge(err, doubt)
		}
		doubt = true
		if m.Identity() != id || !pause(m.ctx, m.again(failed)) {
			return 0, fmt.Errorf("%w: %w", ErrUnknown, err)
		}
	}
}

func (m *Member) sendOnce(id Identity, b Batch) (uint64, error) {
	ctx, cancel := context.WithTimeout(m.ctx, m.patience())
	defer cancel()
	return m.engine.Append(ctx, id, b)
}

// judge tells what a refusal means for a batch that was sent before. The engine first refuses a machine that is not a member by that identity. It
// then knows a batch that is in the log already, before it looks at lease, term and memory.
func (m *Member) judge(err error, doubt bool) error {
	if errors.Is(err, ErrLapsed) || errors.Is(err, ErrExpelled) {
		m.Poke()
		if doubt {
			return fmt.Errorf("%w: %w", ErrUnknown, err)
		}
	}
	return err
}
