package serve

import (
	"log/slog"
	"sync"
	"time"
)

// stopLimit ends the program if its end takes too long, whatever that waits for: a handler without a time limit, a php-fpm that does not
// answer, an authority. php-fpm and its workers end with the program.
type stopLimit struct {
	over func() // does not return, or the end goes on
	log  *slog.Logger

	ended chan struct{}
	work  sync.WaitGroup
}

// watch begins to count when draining is closed, for as long as most returns then. It must be called once at most, before close.
func (l *stopLimit) watch(draining <-chan struct{}, most func() time.Duration) {
	l.work.Go(func() {
		select {
		case <-draining:
		case <-l.ended:
			return
		}
		limit := most()
		select {
		case <-time.After(limit):
			l.log.Error("the end takes too long: wsbridge leaves without it", "limit", limit)
			l.over()
		case <-l.ended:
		}
	})
}

// close says that the program has ended in time.
func (l *stopLimit) close() {
	close(l.ended)
	l.work.Wait()
}
