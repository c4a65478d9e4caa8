package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
)

const (
	controlTimeout = 10 * time.Second // of a request, from its first byte to its answer's last
	probeTimeout   = 3 * time.Second  // of asking php-fpm whether it is there
)

// control is the listener for those who operate the server, not for its clients.
type control struct {
	server *http.Server
	served chan error // how serving has ended
}

// startControl serves l, or if that is nil listens at "unix:/path", for its owner only, or at a loopback address. The caller
// closes it.
func startControl(listen string, l net.Listener, b *bridge.Bridge, m *metrics, log *slog.Logger) (*control, error) {
	if l == nil {
		var err error
		if l, err = listenControl(listen); err != nil {
			return nil, fmt.Errorf("listen for control: %w", err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "alive") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { answerReady(w, r, b) })
	c := &control{server: &http.Server{Handler: mux, ReadTimeout: controlTimeout, WriteTimeout: controlTimeout,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}, served: make(chan error, 1)}
	go func() { c.served <- c.server.Serve(l) }()
	log.Info("control is reachable", "address", l.Addr().String())
	return c, nil
}

// listenControl replaces a socket that a server which is gone has left; nobody but the owner may use the new one.
func listenControl(listen string) (net.Listener, error) {
	path, isUnix := strings.CutPrefix(listen, "unix:")
	if !isUnix {
		return net.Listen("tcp", listen)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == os.ModeSocket {
		if conn, err := net.Dial("unix", path); err == nil {
			conn.Close()
			return nil, fmt.Errorf("another server listens at %s", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	const ownerOnly = 0o600
	if err := os.Chmod(path, ownerOnly); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// answerReady says whether new clients can be taken: php-fpm answers, and no shutdown has begun.
func answerReady(w http.ResponseWriter, r *http.Request, b *bridge.Bridge) {
	ctx, cancel := context.WithTimeout(r.Context(), probeTimeout)
	defer cancel()
	if err := b.Ready(ctx); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

// close ends the listener and its requests, and waits for both. A nil control has nothing to end.
func (c *control) close() error {
	if c == nil {
		return nil
	}
	err := c.server.Close()
	if serveErr := <-c.served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}
