package fastcgi

import "context"

// contextWatch calls a function when a context ends. It stays with one context for as many exchanges as have it, since to
// begin and to stop watching takes a lock that all of them share. One goroutine at a time uses it.
type contextWatch struct {
	onEnd func() // must not block

	done  <-chan struct{} // of the context that is watched; nil: none is
	stops func() bool     // what context.AfterFunc has returned
	ended chan struct{}   // receives when onEnd has returned
}

// start watches ctx from now on. It reports false, and watches nothing, if the context before has ended meanwhile.
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

// stop ends watching. If it reports false the context has ended, and onEnd has returned.
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
