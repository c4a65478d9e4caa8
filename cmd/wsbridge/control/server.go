package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/timing"
)

const (
	requestTimeout = 10 * time.Second // of a request, from its first byte to its answer's last
	probeTimeout   = 3 * time.Second  // of the question to php-fpm whether it is there
)

// Config is what a Server needs. Bridge, Metrics, Times, Level and Logger are required.
type Config struct {
	Bridge  *bridge.Bridge
	Metrics http.Handler // Prometheus
	Level   *slog.LevelVar
	Logger  *slog.Logger

	// Times returns how long events have taken since the start.
	Times func() *timing.Times
	// Workers asks php-fpm for its workers, which takes one of them for a moment; nil: it does not tell.
	Workers func(context.Context) *api.Workers
	// Reload reads the configuration again; nil: there is no configuration to read.
	Reload func(context.Context) (config.Change, error)
	// Dashboard answers requests that are not of the API, without a token; nil: there is no dashboard.
	Dashboard http.Handler

	Token string // for requests over TCP; empty: they may read only health and metrics
	// MaxMessage returns how many bytes a message to a client may have now.
	MaxMessage  func() int64
	MaxDocument int64 // bytes, of a document for ws_server_fifo
	SocketMode  fs.FileMode
	SocketGroup string            // empty: the process's own
	Status      func() api.Status // the part that the configuration in force and its php-fpm decide
}

// Server answers on any number of addresses. Its listening methods must not be called concurrently.
type Server struct {
	cfg     Config
	started time.Time
	handler http.Handler
	listen  atomic.Pointer[string] // where clients connect
	series  series

	ctx       context.Context // of every stream, and of the collector
	stop      context.CancelFunc
	work      sync.WaitGroup // the collector and the listeners
	servers   []*http.Server
	addresses []string   // of servers
	failed    []error    // of listeners; read when work has ended
	mu        sync.Mutex // guards failed
}

// Start returns a Server that collects the series and listens nowhere yet. The caller closes it.
func Start(cfg Config) *Server {
	s := &Server{cfg: cfg, started: time.Now()}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.handler = s.routes()
	s.work.Go(s.collectSeries)
	return s
}

// Listen answers on address, "unix:/path" or "host:port", until Close.
func (s *Server) Listen(address string) error {
	l, err := listen(address, s.cfg.SocketMode, s.cfg.SocketGroup)
	if err != nil {
		return fmt.Errorf("listen for control: %w", err)
	}
	s.ListenOn(l)
	return nil
}

// ListenOn is Listen on an existing listener, which Close closes.
func (s *Server) ListenOn(l net.Listener) {
	s.serve(l, s.guardFor(l))
	at := networkOf(l) + l.Addr().String()
	s.addresses = append(s.addresses, at)
	s.cfg.Logger.Info("control is reachable", "address", at)
}

// Addresses returns where the Server listens, with the ports that the system chose.
func (s *Server) Addresses() []string { return s.addresses }

func networkOf(l net.Listener) string {
	if l.Addr().Network() == "unix" {
		return "unix:"
	}
	return ""
}

func (s *Server) serve(l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout,
		BaseContext: func(net.Listener) context.Context { return s.ctx },
		ErrorLog:    slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelDebug)}
	s.servers = append(s.servers, server)
	s.work.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.failed = append(s.failed, err)
		}
	})
}

// SetClientAddress tells the Server where clients connect. It may be called concurrently.
func (s *Server) SetClientAddress(address string) { s.listen.Store(&address) }

// closeTimeout is how long Close lets requests and streams, whose context has ended, write the end of their answers.
const closeTimeout = time.Second

// Close ends the listeners, their requests and streams, and waits for them for closeTimeout. It does not wait for the handlers of
// requests that it has to cut off.
func (s *Server) Close() error {
	s.stop()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	var err error
	for _, server := range s.servers {
		if server.Shutdown(ctx) != nil { // out of time
			err = errors.Join(err, server.Close())
		}
	}
	s.work.Wait()
	return errors.Join(err, errors.Join(s.failed...))
}
