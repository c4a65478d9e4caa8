package main

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

// exchanges is a bridge.PHP that knows how long each exchange with php-fpm has been under way.
type exchanges struct {
	bridge.PHP
	limit time.Duration // far above what one can take

	mu    sync.Mutex // guards the fields below
	next  uint64
	begun map[uint64]time.Time
}

// exchangeLimit is far above what an exchange may take: connecting, waiting for another that describes the application, and
// the answer.
func exchangeLimit(cfg config.Config) time.Duration {
	const margin = 30 * time.Second
	return 2*(cfg.PHP.DialTimeout.Std()+cfg.PHP.Timeout.Std()) + margin
}

func watchExchanges(php bridge.PHP, limit time.Duration) *exchanges {
	return &exchanges{PHP: php, limit: limit, begun: map[uint64]time.Time{}}
}

// Run is a bridge.PHP's.
func (e *exchanges) Run(ctx context.Context, env []byte, apply func(*protocol.Effect) error, events ...*protocol.Event) error {
	defer e.begin()()
	return e.PHP.Run(ctx, env, apply, events...)
}

func (e *exchanges) begin() (end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := e.next
	e.next++
	e.begun[id] = time.Now()
	return func() { e.end(id) }
}

func (e *exchanges) end(id uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.begun, id)
}

// check returns errStuck if an exchange has outlived its limit.
func (e *exchanges) check(now time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, since := range e.begun {
		if took := now.Sub(since); took > e.limit {
			return fmt.Errorf("%w (%v)", errStuck, took.Round(time.Second))
		}
	}
	return nil
}
