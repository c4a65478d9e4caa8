package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// Serve accepts clients from l, and documents from pipe unless it is nil, until ctx ends or a handler asks for shutdown,
// and then drains. It closes l and leaves pipe to its owner. It returns nil after a drain, whichever began it.
func (b *Bridge) Serve(ctx context.Context, l net.Listener, pipe Pipe) error {
	server := b.httpServer()
	if err := b.runServerEvent(protocol.Started); err != nil {
		return errors.Join(fmt.Errorf("start the application: %w", err), l.Close())
	}
	close(b.serving)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var sources sync.WaitGroup
	sources.Go(func() { b.loop(ctx) })
	sources.Go(func() { everyInterval(ctx, b.flushLogs) })
	if pipe != nil {
		sources.Go(func() { b.readPipe(ctx, pipe) })
	}
	failed := make(chan error, 1)
	clients := b.listen(l)
	sources.Go(func() { failed <- server.Serve(b.withReadEvents(clients)) })
	var err error
	select {
	case <-ctx.Done():
	case <-b.quit:
	case err = <-failed:
		err = fmt.Errorf("accept clients: %w", err)
	}
	stop()
	b.drain(server, clients, &sources)
	return err
}

func (b *Bridge) listen(l net.Listener) *door.Listener {
	cfg := b.cfg()
	return door.Listen(l, door.Config{
		Policy:           func() *door.Policy { return &b.cfg().Policy },
		Limiter:          b.limiter,
		TLS:              cfg.TLS,
		HandshakeTimeout: cfg.HandshakeTimeout,
		MaxHeader:        cfg.MaxHeader,
		Rejected:         b.turnedAway,
		Refused:          b.refused,
	})
}

func (b *Bridge) httpServer() *http.Server {
	return &http.Server{
		Handler:           http.HandlerFunc(b.serveHTTP),
		ReadHeaderTimeout: b.cfg().HandshakeTimeout,
		IdleTimeout:       b.cfg().HandshakeTimeout,
		ErrorLog:          slog.NewLogLogger(b.log.Handler(), slog.LevelDebug),
		MaxHeaderBytes:    b.cfg().MaxHeader,
		ConnContext:       rememberConn,
		ConnState:         endUnopened,
	}
}

func (b *Bridge) readPipe(ctx context.Context, pipe Pipe) {
	if err := pipe.Run(ctx, b.fifo); err != nil && ctx.Err() == nil {
		b.log.Error("the pipe is no longer read", keyError, err)
	}
}

// drain is the written order of a shutdown.
func (b *Bridge) drain(server *http.Server, l *door.Listener, sources *sync.WaitGroup) {
	b.log.Info("draining", keyClients, b.clients.count())
	ctx, cancel := context.WithTimeoutCause(context.Background(), b.cfg().DrainTimeout, outcome.ErrDrained)
	defer cancel()
	gaveUp := make(chan struct{})
	inTime := context.AfterFunc(ctx, func() { defer close(gaveUp); b.giveUp(server) })

	// 1. No new clients. Handshakes that have begun come to their end, as clients or refused.
	b.entranceMu.Lock()
	b.draining = true
	b.entranceMu.Unlock()
	close(b.drained)
	b.Resume()
	l.Close()
	b.handshakes.Wait()
	b.Resume() // a pause whose operator was let in before
	// 2. No new documents, no new turn of the loop. What the pipe held whole has been queued.
	sources.Wait()
	// 3. Every client gets its close event behind its other events, and 1001. What is queued runs.
	for _, c := range b.clients.all() {
		c.end(outcome.EndedByServer)
	}
	b.work.Wait()
	b.scheduler.Close()
	l.Wait()
	// 4. Connections that never became clients.
	server.Close()
	b.flushLogs()
	if !inTime() {
		<-gaveUp
		b.work.Wait() // it may have started the writer of a close frame after the first wait
	}
	// 5. The application's own end. Nothing else runs any more, so it gets a context that has not been given up.
	b.base, b.abort = context.WithCancelCause(context.Background())
	_ = b.runServerEvent(protocol.Shutdown) // exchange has logged what went wrong
}

// giveUp ends what the drain's time was not enough for: events under way, clients that do not leave or do not read what
// they are still owed, and requests that are none of a client.
func (b *Bridge) giveUp(server *http.Server) {
	b.log.Warn("drain ran out of time", keyClients, b.clients.count())
	b.noWait.Store(true)
	b.abort(outcome.ErrDrained)
	b.scheduler.Abort(outcome.ErrDrained)
	code, reason := outcome.EndedByServer.Close()
	for _, c := range b.clients.all() {
		c.markEnded(outcome.EndedByServer, code, reason)
		c.leave()
	}
	for _, c := range b.clients.connected() {
		c.conn.Abort()
	}
	server.Close()
}
