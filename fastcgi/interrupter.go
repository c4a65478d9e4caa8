package fastcgi

import "context"

// interrupter calls a function when a context ends. It stays bound to the same context for as many exchanges as have it, because to
// bind and to unbind take a lock that all of these exchanges share. One goroutine at a time may use it.
type interrupter struct {
	interrupt func() // must not block

	done  <-chan struct{} // of the context; nil if there is none
	stop  func() bool     // as context.AfterFunc has returned it
	ended chan struct{}   // closed when interrupt has returned
}

// bind binds to ctx. If the context before has ended, bind binds to none and returns false.
func (i *interrupter) bind(ctx context.Context) bool {
	done := ctx.Done()
	if done == i.done {
		return true
	}
	if !i.unbind() {
		return false
	}
	if done == nil {
		return true
	}
	ended := make(chan struct{})
	i.done, i.ended = done, ended
	i.stop = context.AfterFunc(ctx, func() {
		i.interrupt()
		close(ended)
	})
	return true
}

// unbind ends the binding. If the context has ended, unbind waits for interrupt and returns false.
func (i *interrupter) unbind() bool {
	if i.done == nil {
		return true
	}
	i.done = nil
	if i.stop() {
		return true
	}
	<-i.ended
	return false
}
