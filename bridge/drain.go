package bridge

import (
	"context"
	"net/http"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/protocol"
)

// Drain begins a shutdown, like the end of the context of Serve. It does not wait for it.
func (b *Bridge) Drain() { b.quitOnce.Do(func() { close(b.quit) }) }

// Draining returns a channel that is closed when a shutdown begins.
func (b *Bridge) Draining() <-chan struct{} { return b.drained }

func (b *Bridge) isDraining() bool { return b.entrance.why() == ErrStopping }

// drain ends everything in this order.
func (b *Bridge) drain(server *http.Server, l *door.Listener, sources *sources) {
	b.log.Info("draining", keyClients, b.clients.count())
	ctx, cancel := context.WithTimeoutCause(context.Background(), b.cfg().DrainTimeout, outcome.ErrDrained)
	defer cancel()
	gaveUp := make(chan struct{})
	inTime := context.AfterFunc(ctx, func() { defer close(gaveUp); b.giveUp(server) })

	// 1. No new clients. Handshakes that have begun go on to their end.
	b.entrance.close(ErrStopping, true)
	close(b.drained)
	b.Resume()
	l.Close()
	b.entrance.await(nil, newcomer, upkeep, page)
	b.Resume() // an operator who came in just before may have paused again
	// 2. No new documents, no new loop events. All that the pipe held has been queued.
	sources.wait()
	// 3. What their handlers send still reaches the clients.
	b.settle(ctx)
	// 4. Each client gets its close event after its other events, and a close frame with 1001. All queued events run.
	b.endClients()
	if ctx.Err() != nil {
		<-gaveUp
		b.abortConnections() // of clients that have connected since
	}
	b.work.Wait()
	b.scheduler.Close()
	l.Wait()
	// 5. Connections that have not become clients.
	server.Close()
	b.flushLogs()
	if !inTime() {
		<-gaveUp
	}
	// 6. The application's own end.
	_ = b.runLastEvent(protocol.Shutdown) // errors have been logged
}

// settle waits until the server's queued events have ended, and then those of clients that run, for as long as ctx.
func (b *Bridge) settle(ctx context.Context) {
	last := &mark{reached: make(chan struct{})}
	b.events.Put(last)
	select {
	case <-last.reached:
	case <-ctx.Done():
		return
	}
	if turn, err := b.scheduler.Enter(ctx, schedule.Terms{Alone: true}); err == nil {
		turn.Leave()
	}
}

// mark is an event that does nothing. reached is closed when those before it in its queue have ended.
type mark struct {
	schedule.Place
	reached chan struct{}
}

// Size implements schedule.Event.
func (m *mark) Size() int { return 0 }

// Terms implements schedule.Event.
func (m *mark) Terms() schedule.Terms { return schedule.Terms{Free: true} }

// Run implements schedule.Event.
func (m *mark) Run(*schedule.Turn, error) (ended bool) {
	close(m.reached)
	return true
}

// Drop implements schedule.Event.
func (m *mark) Drop() { close(m.reached) }

// runLastEvent runs an event when nothing else runs any more, with a context that has not ended, and for a bounded time.
func (b *Bridge) runLastEvent(kind protocol.Kind) error {
	b.base, b.abort = context.WithCancelCause(context.Background())
	defer b.abort(outcome.ErrStopped)
	limit := time.AfterFunc(b.cfg().LastTimeout, func() { b.abortEvents(outcome.ErrDrained) })
	defer limit.Stop()
	return b.runServerEvent(kind)
}

// abortEvents ends the events that run in PHP.
func (b *Bridge) abortEvents(err error) {
	b.abort(err)
	if lane := b.cfg().Lane; lane != nil {
		lane.Abort(err)
	}
}

// endClients ends all clients. It must not run twice at the same time: when it returns, the close event of each client is queued.
func (b *Bridge) endClients() {
	b.endMu.Lock()
	defer b.endMu.Unlock()
	for _, c := range b.clients.all() {
		c.end(outcome.EndedByServer)
	}
}

func (b *Bridge) abortConnections() {
	for _, c := range b.clients.connected() {
		c.conn.Abort()
	}
}

// giveUp ends everything that a drain did not have the time for: events, clients that do not read or do not answer our close frame, and
// other requests. It starts no goroutine that the drain could fail to wait for: clients leave in their close events, which fail now.
func (b *Bridge) giveUp(server *http.Server) {
	b.log.Warn("drain ran out of time", keyClients, b.clients.count())
	b.noWait.Store(true)
	b.scheduler.Abort(outcome.ErrDrained)
	b.abortEvents(outcome.ErrDrained)
	b.endClients()
	b.awaitClosed()
	b.abortConnections()
	server.Close()
}

// goodbye is how long clients have to answer their close frames when a drain has run out of time.
const goodbye = time.Second

// awaitClosed blocks until all clients have answered their close frames, for as long as goodbye. Otherwise those that do would not see the frames.
func (b *Bridge) awaitClosed() {
	const interval = 10 * time.Millisecond
	for end := time.Now().Add(goodbye); time.Now().Before(end) && len(b.clients.connected()) > 0; {
		time.Sleep(interval)
	}
}
