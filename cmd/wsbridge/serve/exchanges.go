package serve

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/protocol"
)

// errStuck says that the server has to be started anew.
var errStuck = errors.New("an exchange with php-fpm is long past its time limit and has not ended")

// exchangeLimit is far above what an exchange may take: connecting, waiting for another that describes the application, and
// the answer.
func exchangeLimit(cfg config.Config) time.Duration {
	const margin = 30 * time.Second
	return 2*(config.DialTimeout+cfg.PHP.Timeout.Std()) + margin
}

// exchanges knows of each exchange with a php-fpm that is under way, and when it must long have been over.
type exchanges struct {
	mu   sync.Mutex // guards the fields below
	next uint64
	due  map[uint64]time.Time
}

// watch returns php, whose exchanges e knows of and gives limit each. What it returns for the same php and limit is equal.
func (e *exchanges) watch(php bridge.PHP, limit time.Duration) bridge.PHP {
	return watchedPHP{php, e, limit}
}

type watchedPHP struct {
	bridge.PHP
	exchanges *exchanges
	limit     time.Duration
}

// Run is a bridge.PHP's.
func (w watchedPHP) Run(ctx context.Context, apply func(*protocol.Effect) error, events ...*protocol.Event) error {
	defer w.exchanges.end(w.exchanges.begin(w.limit))
	return w.PHP.Run(ctx, apply, events...)
}

func (e *exchanges) begin(limit time.Duration) (id uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.due == nil {
		e.due = map[uint64]time.Time{}
	}
	e.next++
	e.due[e.next] = time.Now().Add(limit)
	return e.next
}

func (e *exchanges) end(id uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.due, id)
}

// check returns errStuck if an exchange has outlived its limit.
func (e *exchanges) check(now time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, due := range e.due {
		if late := now.Sub(due); late > 0 {
			return fmt.Errorf("%w (%v late)", errStuck, late.Round(time.Second))
		}
	}
	return nil
}
