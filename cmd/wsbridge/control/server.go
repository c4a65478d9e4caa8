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
	"github.com/wsbridge/wsbridge/bridge/observe"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/timing"
)

const (
	requestTimeout = 10 * time.Second // of a request, from its first byte to its answer's last
	probeTimeout   = 3 * time.Second  // of the question to php-fpm whether it is there
)

// Config is what a Server needs. Bridge, Metrics, Ready, Times, Residents, Journal, Recycle, Kill, Level and Logger are required.
type Config struct {
	Bridge  *bridge.Bridge
	Metrics http.Handler // Prometheus
	Level   *slog.LevelVar
	Logger  *slog.Logger

	// Ready returns why the server does not take clients, or nil. It may ask php-fpm, which takes until ctx ends at most.
	Ready func(ctx context.Context) error
	// Times returns how long events have taken since the start.
	Times func() *timing.Times
	// Workers asks php-fpm for its workers, which takes one of them for a moment. An error says why it does not tell.
	Workers func(context.Context) (*api.Workers, error)
	// Residents returns how the resident workers are.
	Residents func() api.Residents
	// Journal returns what is in the journal.
	Journal func() api.Journal
	// Recycle has the one that runs events replaced, and blocks until that is done, or ctx ends.
	Recycle func(ctx context.Context) (*api.Recycled, error)
	// Kill ends the one with that process id, or with 0 the one that runs events one after the other, and what it runs. It blocks until that is
	// done, or ctx ends.
	Kill func(ctx context.Context, pid int) (*api.Killed, error)
	// Reload reads the configuration again; nil: there is no configuration to read.
	Reload func(context.Context) (config.Change, error)
	// Upgrade has another process, of the program at the path, take over from this one, and blocks until it has or cannot. An empty path is
	// that of the program that runs. nil: none can.
	Upgrade func(ctx context.Context, path string) (*api.Upgraded, error)
	// Dashboard answers requests that are not of the API, without a token; nil: there is no dashboard.
	Dashboard http.Handler

	Tokens []Token // for requests over TCP; none: they may read only health and metrics
	// MaxMessage returns how many bytes a message to a client may have now.
	MaxMessage  func() int64
	MaxDocument int64 // bytes, of a document for ws_server_fifo
	SocketMode  fs.FileMode
	SocketGroup string            // empty: the process's own
	Status      func() api.Status // the part that the configuration in force and its php-fpm decide
}

// Server answers on any number of addresses.
type Server struct {
	cfg     Config
	started time.Time
	handler http.Handler
	listen  atomic.Pointer[string] // where clients connect
	series  series
	tokens  atomic.Pointer[tokens]
	acts    observe.Sampler[act]

	ctx    context.Context // of every stream, and of the collector
	stop   context.CancelFunc
	work   sync.WaitGroup // the collector, the summing up and the listeners
	failed []error        // of listeners; read when work has ended
	mu     sync.Mutex     // guards failed

	listening sync.Mutex // guards the fields below
	servers   []*http.Server
	listeners []*pausable
	addresses []string       // of servers
	sockets   []*socket      // of our own, see Restore
	replaced  []net.Listener // whose sockets others have removed
	held      atomic.Pointer[held]
	left      chan struct{} // closed when another process has taken over
}

// Start returns a Server that collects the series and listens nowhere yet. The caller closes it.
func Start(cfg Config) *Server {
	s := &Server{cfg: cfg, started: time.Now(), left: make(chan struct{})}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.SetTokens(cfg.Tokens)
	s.handler = s.routes()
	s.work.Go(s.collectSeries)
	s.work.Go(s.sumUpActs)
	return s
}

// Listen answers on address, "unix:/path" or "host:port", until Close.
func (s *Server) Listen(address string) error {
	s.listening.Lock()
	defer s.listening.Unlock()
	return s.listenAt(address)
}

func (s *Server) listenAt(address string) error {
	l, err := listen(address, s.cfg.SocketMode, s.cfg.SocketGroup)
	if err != nil {
		return fmt.Errorf("listen for control: %w", err)
	}
	if own, isUnix := l.(*net.UnixListener); isUnix {
		s.sockets = append(s.sockets, newSocket(own))
	}
	s.listenOn(l)
	return nil
}

// ListenOn is Listen on an existing listener, which Close closes.
func (s *Server) ListenOn(l net.Listener) {
	s.listening.Lock()
	defer s.listening.Unlock()
	s.listenOn(l)
}

func (s *Server) listenOn(l net.Listener) {
	s.serve(l, s.guardFor(l))
	at := networkOf(l) + l.Addr().String()
	s.addresses = append(s.addresses, at)
	s.cfg.Logger.Info("control is reachable", "address", at)
}

// Addresses returns where the Server listens, with the ports that the system chose.
func (s *Server) Addresses() []string {
	s.listening.Lock()
	defer s.listening.Unlock()
	return s.addresses
}

func networkOf(l net.Listener) string {
	if l.Addr().Network() == "unix" {
		return "unix:"
	}
	return ""
}

func (s *Server) serve(l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout,
		BaseContext: func(net.Listener) context.Context { return s.ctx },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return withOperator(ctx, peer(c)) },
		ErrorLog:    slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelDebug)}
	s.servers = append(s.servers, server)
	p := &pausable{Listener: l, closed: make(chan struct{})}
	s.listeners = append(s.listeners, p)
	s.work.Go(func() {
		if err := server.Serve(p); !errors.Is(err, http.ErrServerClosed) {
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
	s.listening.Lock()
	servers := s.servers
	s.listening.Unlock()
	for _, server := range servers {
		if server.Shutdown(ctx) != nil { // out of time
			err = errors.Join(err, server.Close())
		}
	}
	s.work.Wait()
	return errors.Join(err, errors.Join(s.failed...))
}
