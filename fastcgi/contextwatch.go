package fastcgi

import "context"

// contextWatch calls a function when a context ends. It watches the same context for as many exchanges as have it, because to
// start and to stop take a lock that all of these exchanges share. One goroutine at a time may use it.
type contextWatch struct {
	onEnd func() // must not block

	done  <-chan struct{} // of the watched context; nil if there is none
	stops func() bool     // what context.AfterFunc has returned
	ended chan struct{}   // receives when onEnd has returned
}

// start watches ctx from now on. If the context that was watched before has ended, start watches nothing and returns false.
func (w *contextWatch) start(ctx context.Context) bool {
	done := ctx.Done()
	if done == w.done {
		return true
	}
	if !w.stop() {
		return false
	}
	if done == nil {
		return true
	}
	ended := make(chan struct{})
	w.done, w.ended = done, ended
	w.stops = context.AfterFunc(ctx, func() {
		w.onEnd()
		close(ended)
	})
	return true
}

// stop stops watching. If the context has ended, stop waits for onEnd and returns false.
func (w *contextWatch) stop() bool {
	if w.done == nil {
		return true
	}
	w.done = nil
	if w.stops() {
		return true
	}
	<-w.ended
	return false
}
