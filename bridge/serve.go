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
	"github.com/wsbridge/wsbridge/protocol"
)

// Serve accepts clients from l, and documents from pipe unless that is nil, until ctx ends, Drain is called or a handler asks for the
// shutdown. Then it drains and returns nil. It closes l; the caller closes pipe.
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
		Rejected:         b.countRejection,
		Refused:          b.countRefusal,
	})
}

func (b *Bridge) httpServer() *http.Server {
	return &http.Server{
		Handler:           http.HandlerFunc(b.serveHTTP),
		ReadHeaderTimeout: b.cfg().HandshakeTimeout,
		IdleTimeout:       b.cfg().HandshakeTimeout,
		ErrorLog:          slog.NewLogLogger(b.log.Handler(), slog.LevelDebug),
		MaxHeaderBytes:    b.cfg().MaxHeader,
		ConnContext:       withConn,
		ConnState:         endUnopened,
	}
}

func (b *Bridge) readPipe(ctx context.Context, pipe Pipe) {
	if err := pipe.Run(ctx, b.enqueueDocument); err != nil && ctx.Err() == nil {
		b.log.Error("the pipe is no longer read", keyError, err)
	}
}
