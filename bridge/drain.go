package bridge

import (
	"context"
	"net/http"
	"sync"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// Drain begins a shutdown, like the end of the context of Serve. It does not wait for it.
func (b *Bridge) Drain() { b.quitOnce.Do(func() { close(b.quit) }) }

// Draining returns a channel that is closed when a shutdown begins.
func (b *Bridge) Draining() <-chan struct{} { return b.drained }

// enter makes a drain wait until leave is called, before it ends the clients. It reports false once a drain has begun.
func (b *Bridge) enter() (leave func(), ok bool) {
	b.drainMu.Lock()
	defer b.drainMu.Unlock()
	if b.draining {
		return nil, false
	}
	b.handshakes.Add(1)
	return b.handshakes.Done, true
}

func (b *Bridge) isDraining() bool {
	b.drainMu.Lock()
	defer b.drainMu.Unlock()
	return b.draining
}

// drain ends everything in this order.
func (b *Bridge) drain(server *http.Server, l *door.Listener, sources *sync.WaitGroup) {
	b.log.Info("draining", keyClients, b.clients.count())
	ctx, cancel := context.WithTimeoutCause(context.Background(), b.cfg().DrainTimeout, outcome.ErrDrained)
	defer cancel()
	gaveUp := make(chan struct{})
	inTime := context.AfterFunc(ctx, func() { defer close(gaveUp); b.giveUp(server) })

	// 1. No new clients. Handshakes that have begun go on to their end.
	b.drainMu.Lock()
	b.draining = true
	b.drainMu.Unlock()
	close(b.drained)
	b.Resume()
	l.Close()
	b.handshakes.Wait()
	b.Resume() // an operator who came in just before may have paused again
	// 2. No new documents, no new loop events. All that the pipe held has been queued.
	sources.Wait()
	// 3. Each client gets its close event after its other events, and a close frame with 1001. All queued events run.
	b.endClients()
	if ctx.Err() != nil {
		<-gaveUp
		b.abortConnections() // of clients that have connected since
	}
	b.work.Wait()
	b.scheduler.Close()
	l.Wait()
	// 4. Connections that have not become clients.
	server.Close()
	b.flushLogs()
	if !inTime() {
		<-gaveUp
	}
	// 5. The application's own end, with a context that has not ended. Nothing else runs any more.
	b.base, b.abort = context.WithCancelCause(context.Background())
	_ = b.runServerEvent(protocol.Shutdown) // errors have been logged
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
	b.abort(outcome.ErrDrained)
	b.scheduler.Abort(outcome.ErrDrained)
	b.endClients()
	b.abortConnections()
	server.Close()
}
