package phpfpm

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

const (
	// startTimeout bounds each wait of the start. In each, php-fpm loads its extensions, and in the last it compiles what is preloaded,
	// from a cold disk perhaps, on a machine on which everything else starts as well.
	startTimeout = 2 * time.Minute
	// slowStart is when a line says what the start waits for.
	slowStart = 5 * time.Second
)

// startWait bounds a wait of the start, and logs what is waited for if it takes long. The caller calls done at its end.
func startWait(ctx context.Context, log *slog.Logger, what string) (bounded context.Context, done func()) {
	late := fmt.Errorf("waited %v for %s", startTimeout, what)
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, late)
	slow := time.AfterFunc(slowStart, func() { log.Warn("the start waits for php-fpm", "for", what, "at_most", startTimeout) })
	return ctx, func() {
		slow.Stop()
		cancel()
	}
}
