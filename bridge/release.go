package bridge

import (
	"context"
	"net/http"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// release forgets what has moved. Nothing of it runs: everything stands still.
func (f *Frozen) release() {
	b := f.bridge
	moved := f.moved
	for _, c := range moved {
		c.events.Abandon()
		c.idle.stop()
	}
	b.events.Abandon()
	b.clients.move(moved)
	for _, c := range moved {
		c.conn.Release()
	}
	f.cancel()
	b.log.Info("another process has taken over", keyClients, len(moved))
	close(b.handOver.released)
	f.unlock() // for those that end with this process
}

// endHandedOver ends what has stayed in this process: connections that only wait for the other side's end, and requests.
func (b *Bridge) endHandedOver(server *http.Server, l *door.Listener, s *sources) {
	ctx, cancel := context.WithTimeout(context.Background(), b.cfg().DrainTimeout)
	defer cancel()
	gaveUp := make(chan struct{})
	inTime := context.AfterFunc(ctx, func() {
		defer close(gaveUp)
		b.abortConnections()
		server.Close()
	})
	close(b.drained)
	l.Close()
	_ = server.Shutdown(ctx) // a request that still comes on a connection that was accepted before is refused
	s.wait()
	b.work.Wait()
	b.scheduler.Close()
	l.Wait()
	if !inTime() {
		<-gaveUp
	}
	server.Close()
	b.flushLogs()
	b.abort(outcome.ErrStopped)
}
