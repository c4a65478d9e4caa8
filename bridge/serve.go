package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/protocol"
)

// Serve accepts clients from l, and documents from pipe unless that is nil, until ctx ends, Drain is called or a handler asks for the
// shutdown. Then it drains and returns nil. After Restore it goes on where the other process has stopped. It also returns nil when another process
// has taken over, which HandedOver tells, and waits for a hand-over that has not come to its end. It closes l; the caller closes pipe.
func (b *Bridge) Serve(ctx context.Context, l net.Listener, pipe Pipe) error {
	server := b.httpServer()
	if err := b.start(ctx); err != nil {
		return errors.Join(fmt.Errorf("start the application: %w", err), l.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	clients := b.listen(l)
	sources := &sources{bridge: b, pipe: pipe, life: ctx}
	b.handOver.serve(clients, sources)
	b.goOn()
	close(b.serving)
	sources.begin()
	sources.others.Go(func() { everyInterval(ctx, b.flushLogs) })
	failed := make(chan error, 1)
	sources.others.Go(func() { failed <- server.Serve(b.withReadEvents(clients)) })
	var err error
	select {
	case <-ctx.Done():
	case <-b.quit:
	case <-b.handOver.released:
	case err = <-failed:
		err = fmt.Errorf("accept clients: %w", err)
	}
	released := b.endHandOver()
	stop()
	if released {
		b.endHandedOver(server, clients, sources)
		return nil
	}
	b.drain(server, clients, sources)
	return err
}

// Serving returns a channel that is closed when clients are served: those that were taken over from another process, too.
func (b *Bridge) Serving() <-chan struct{} { return b.serving }

// start runs the close events of clients that a process before this one has left, and ws_server_started, unless this process has taken over from
// another. When ctx has ended, it may go on for as long as a drain does.
func (b *Bridge) start(ctx context.Context) error {
	if b.handOver.restored != nil {
		return nil
	}
	ended := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		select {
		case <-ctx.Done():
		case <-ended:
			return
		}
		select {
		case <-time.After(b.cfg().DrainTimeout):
			b.abortEvents(outcome.ErrDrained)
		case <-ended:
		}
	})
	defer work.Wait()
	defer close(ended)
	b.closeLeft()
	return b.runServerEvent(protocol.Started)
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

// readAgain is when a pipe is read again that could not be.
const readAgain = time.Second

// readPipe reads the pipe until ctx ends.
func (b *Bridge) readPipe(ctx context.Context, pipe Pipe) {
	for {
		err := pipe.Run(ctx, b.enqueueDocuments)
		if ctx.Err() != nil {
			return
		}
		b.log.Error("the pipe could not be read, and is read again", keyError, err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(readAgain):
		}
	}
}
