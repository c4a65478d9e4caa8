package bridge

import (
	"errors"
	"sync"
	"sync/atomic"
)

// inParallel calls f with the numbers below n, several calls at a time, and returns the first errors that it has met. After one no more calls begin.
func inParallel(n int, f func(i int) error) error {
	const together = 8
	var group sync.WaitGroup
	var next atomic.Int64
	errs := make([]error, together)
	for j := range errs {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if errs[j] = f(i); errs[j] != nil {
					next.Store(int64(n))
					return
				}
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
