package bridge

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// gate gives events their turn, first come, first served: one alone, or some side by side. One that wants to be alone
// is not overtaken by those that came after it, so nobody starves.
type gate struct {
	turns *semaphore.Weighted
	width int64
}

// newGate returns a gate for at most width events side by side.
func newGate(width int) *gate {
	return &gate{turns: semaphore.NewWeighted(int64(width)), width: int64(width)}
}

// enter blocks until the event's turn or the end of ctx. The caller calls leave once.
func (g *gate) enter(ctx context.Context, alone bool) (leave func(), err error) {
	weight := g.weight(alone)
	if err := g.turns.Acquire(ctx, weight); err != nil {
		return nil, context.Cause(ctx)
	}
	return func() { g.turns.Release(weight) }, nil
}

// tryEnter is enter for those who do not wait; ok is false if it is not their turn.
func (g *gate) tryEnter(alone bool) (leave func(), ok bool) {
	weight := g.weight(alone)
	if !g.turns.TryAcquire(weight) {
		return nil, false
	}
	return func() { g.turns.Release(weight) }, true
}

func (g *gate) weight(alone bool) int64 {
	if alone {
		return g.width
	}
	return 1
}
