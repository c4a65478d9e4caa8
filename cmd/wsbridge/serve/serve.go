// Package serve runs the server: it joins the bridge, php-fpm, the named pipe, the control API and the metrics, and keeps the
// configuration, the certificate and the service manager's view of it current. It owns everything that it starts and ends it before
// it returns.
//
// The commands serve, demo and check call it, and it calls no command. Run blocks until the server has ended, Inspect until php-fpm
// has answered.
package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/wsbridge/wsbridge/bridge"
	"github.com/wsbridge/wsbridge/bridge/journal"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/control"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/handover"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/logs"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/metrics"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/traces"
	"github.com/wsbridge/wsbridge/fifo"
)

// Options are what a server has besides its configuration.
type Options struct {
	Version    string
	Log        io.Writer                     // where log lines go
	ConfigFile string                        // where the configuration was read from; empty: there is no file
	Load       func() (config.Config, error) // reads the configuration again; nil: it cannot be reloaded
	// Arguments start the same server again, so that another process can take over; nil: none can.
	Arguments []string
	// Predecessor is the channel to the process from which this one takes over; nil: there is none. The caller closes it.
	Predecessor *handover.Channel
	Page        http.Handler // answers requests that are not WebSocket handshakes; nil: the bridge does
	// Listening is called with the addresses for clients and for operators once both are reachable. It may be nil.
	Listening func(clients string, operators []string)
}

// server is what one call of Run joins.
type server struct {
	Options
	log     *logs.Log
	metrics *metrics.Metrics
	reload  *reloader
	cfg     atomic.Pointer[config.Config] // in force
	life    context.Context               // of Run

	program     string         // by which this process was started
	supervision supervision    // of this process
	sigusr2     chan os.Signal // asks for an upgrade
	upgrading   sync.Mutex     // held by upgrade
	takenOver   bool           // from Predecessor
	toldServing chan struct{}  // closed when Predecessor was told that this process serves, or never will be

	sockets   *sockets
	certs     certificates
	backend   *backend
	bridge    *bridge.Bridge
	operators *control.Server
	pipe      *fifo.Pipe                      // nil: no pipe
	traces    *traces.Traces                  // nil: no traces
	journal   atomic.Pointer[journal.Journal] // nil: none
}

// Run serves as cfg says until ctx ends, then drains; with a Predecessor it takes over first. It also ends when another process has taken over
// from it, which goes on. It returns once everything else that it started has ended.
func Run(ctx context.Context, cfg config.Config, o Options) (err error) {
	collectsLess.Do(collectLess)
	s := &server{Options: o, log: logs.New(o.Log, cfg.Log), metrics: metrics.New(o.Version), life: ctx}
	defer s.log.Close()
	defer func() { s.refuse(err) }()
	if o.Arguments != nil {
		s.program, s.supervision, s.sigusr2 = ownProgram(), findSupervision(), make(chan os.Signal, 1)
		signal.Notify(s.sigusr2, syscall.SIGUSR2)
		defer signal.Stop(s.sigusr2)
	}
	s.cfg.Store(&cfg)
	for _, note := range cfg.Notes {
		s.log.Warn(note)
	}
	if cfg.Log.Payloads {
		s.log.Warn("log.payloads is on: what clients and handlers say is in the log")
	}
	s.reload = newReloader(cfg, o.Load, s.metrics.Reloaded, s.log.Logger)
	defer s.reload.close()
	return s.run(ctx, &cfg)
}

// run starts everything and ends it in the opposite order: php-fpm is there first and last, since handlers run from initialize to
// finalize, and the pipe exists before the first client comes and until the last has left. What only one server can have is taken
// before any of the application's code runs: a start that fails must not tell the clients of the running server that it ends.
func (s *server) run(ctx context.Context, cfg *config.Config) (err error) {
	limit := stopLimit{over: s.exit, log: s.log.Logger, ended: make(chan struct{})}
	defer limit.close()
	if err := s.take(ctx, cfg); err != nil {
		return err
	}
	defer func() { s.sockets.close() }()
	defer func() { _ = s.closePipe() }() // after a start that has failed: serveClients closes it, too
	if s.traces, err = s.startTraces(cfg); err != nil {
		return err
	}
	defer s.closeTraces()
	if err = s.startJournal(&cfg.Journal); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.closeJournal()) }()
	s.log.Info("starting", "events_file", cfg.PHP.EventsFile)
	if s.backend, err = startBackend(ctx, cfg, s.log.Logger); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.backend.close()) }()
	if err := s.newBridge(cfg); err != nil {
		return err
	}
	limit.watch(s.bridge.Draining(), s.stopTime)
	err = s.begin(ctx, cfg)
	if s.operators != nil {
		defer func() { err = errors.Join(err, s.operators.Close()) }()
	}
	if err != nil {
		return err
	}
	if s.pipe != nil {
		s.metrics.WatchPipe(s.pipe.Lost)
	}
	endTelling := s.tellServing()
	defer startWatchdog(s, s.backend.overdue, s.awaitMainProcess, s.log.Logger).close()
	err = s.serveClients(ctx, cfg)
	endTelling()
	if finalErr := s.bridge.Finalize(); finalErr != nil {
		s.log.Error("ws_server_finalize failed", "error", finalErr)
	}
	if s.bridge.HandedOver() {
		s.log.Info("stopped, another process serves")
		return err
	}
	s.finishJournal(err == nil)
	s.log.Info("stopped")
	return err
}

// take takes what only one server can have, or learns whether the one before this one would hand it over.
func (s *server) take(ctx context.Context, cfg *config.Config) (err error) {
	if s.Predecessor != nil {
		s.sockets = &sockets{}
		return s.meet(ctx, cfg)
	}
	if s.sockets, err = takeSockets(); err != nil {
		return err
	}
	if err := s.sockets.listenForClients(cfg.Server.Listen); err != nil {
		s.sockets.close()
		return fmt.Errorf("listen for clients: %w", err)
	}
	if s.pipe, err = s.createPipe(cfg); err != nil {
		s.sockets.close()
	}
	return err
}

// begin starts the control API, and lets the application start, or takes over from the process in which it has. The caller closes operators.
func (s *server) begin(ctx context.Context, cfg *config.Config) (err error) {
	if s.Predecessor != nil {
		return s.takeOver(ctx, cfg)
	}
	if s.operators, err = s.startControl(cfg); err != nil {
		return err
	}
	return s.bridge.Initialize(ctx)
}

// exit ends the program at once, but for its log.
func (s *server) exit() {
	s.log.Close()
	os.Exit(1)
}

// newBridge makes the bridge, and lets the metrics ask it and everything that it stands on.
func (s *server) newBridge(cfg *config.Config) (err error) {
	if s.certs, err = loadCertificates(&cfg.Server, s.log.Logger); err != nil {
		return err
	}
	c := bridgeConfig(cfg, s.backend.current.Load(), s.backend.lane.Load())
	c.Presence, c.Page, c.Logger, c.Observer, c.TLS = s.backend.presence, s.Page, s.log.Logger, s.metrics, s.certs.config()
	c.Journal, c.JournalRows = s.journal.Load(), cfg.Journal.Rows
	if s.traces != nil {
		c.Tracer = s.traces.Tracer()
	}
	if s.bridge, err = bridge.New(c); err != nil {
		return err
	}
	s.metrics.WatchBridge(s.bridge)
	s.metrics.WatchFPM(s.backend.pool, s.backend.status)
	s.metrics.WatchResidents(s.backend.report)
	s.metrics.WatchDailyLog(s.log.Dropped)
	if cfg.Journal.Folder() != "" {
		s.metrics.WatchJournal(s.journalNumbers)
	}
	if cfg.Server.TLS() {
		s.metrics.WatchCertificate(s.certs.expires)
	}
	return nil
}

// serveClients answers clients, who have waited since the start began, and returns when the last one has left and the pipe is removed.
func (s *server) serveClients(ctx context.Context, cfg *config.Config) (err error) {
	var pipe bridge.Pipe
	if s.pipe != nil {
		defer func() { err = errors.Join(err, s.closePipe()) }()
		pipe = s.metrics.Pipe(heldPipe{s.pipe})
		if err := s.chmodPipe(cfg); err != nil { // a process that takes over may have another mode
			s.log.Warn("the pipe's permissions could not be set", "error", err)
		}
	}
	s.reload.start(s.put)
	address := s.sockets.clients.Addr().String()
	s.log.Info("listening", "address", address, "tls", cfg.Server.TLS(), "pipe", cfg.Pipe.Path)
	s.operators.SetClientAddress(address)
	if s.Listening != nil {
		s.Listening(address, s.operators.Addresses())
	}
	defer s.keepCurrent(ctx)()
	l := &announcedListener{Listener: s.sockets.clients, notify: notifier{s.log.Logger}, stopTime: s.stopTime, handedOver: s.bridge.HandedOver}
	if s.takenOver {
		l.started.Do(func() {}) // the service is ready
	}
	return s.bridge.Serve(ctx, l, pipe)
}

// stopTime returns how long the end may take with the configuration in force: the drain, ws_server_shutdown, ws_server_finalize, and
// php-fpm's own end, and
// what waits of traces.
func (s *server) stopTime() time.Duration {
	const margin = 15 * time.Second
	cfg := s.cfg.Load()
	limit := cfg.Server.DrainTimeout.Std() + 2*cfg.PHP.LastTimeout() + margin
	if s.traces != nil {
		limit += traces.FlushTime
	}
	return limit
}
