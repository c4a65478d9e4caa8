package cluster

import (
	"context"
	"sync"
)

// keyBlock holds the keys that were taken and not used.
type keyBlock struct {
	mu     sync.Mutex
	blocks []keyRange // at most two
	filled chan struct{}
}

type keyRange struct{ next, last int64 }

func (k *keyBlock) init() { k.filled = make(chan struct{}) }

// take returns the next key, or a channel that is closed when there are more.
func (k *keyBlock) take() (key int64, left int, more <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.blocks) == 0 {
		return 0, 0, k.filled
	}
	b := &k.blocks[0]
	key = b.next
	b.next++
	if b.next > b.last {
		k.blocks = k.blocks[1:]
	}
	return key, k.count(), nil
}

// count is called with mu held.
func (k *keyBlock) count() (n int) {
	for _, b := range k.blocks {
		n += int(b.last - b.next + 1)
	}
	return n
}

// isShort tells whether less than half a block is left.
func (k *keyBlock) isShort(size int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.count() < (size+1)/2
}

func (k *keyBlock) add(first, last int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.blocks = append(k.blocks, keyRange{first, last})
	close(k.filled)
	k.filled = make(chan struct{})
}

// NextKey returns a key for a connection. Keys ascend on one machine, are unique over all, and ascend over all but for those of a block.
// While the engine is away it returns those that are left, then it waits for it, until ctx ends.
func (m *Member) NextKey(ctx context.Context) (int64, error) {
	for {
		key, left, more := m.keys.take()
		if left < (m.options.KeyBlock+1)/2 {
			m.Poke()
		}
		if more == nil {
			return key, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-m.ctx.Done():
			return 0, m.Err()
		}
	}
}
