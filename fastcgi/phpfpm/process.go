// Package phpfpm runs a php-fpm of our own on a private socket. It writes the configuration, restarts php-fpm when it dies, takes
// over its log, and leaves no worker running.
package phpfpm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// A php-fpm that has ended is started again after a delay between these. The delay doubles each time, and starts over after a php-fpm
	// that ran for longer than that.
	minBackoff = 100 * time.Millisecond
	maxBackoff = 10 * time.Second
	// stopGrace is how long each stage of stopping may take: workers finish their request, workers are ended, all is killed.
	stopGrace = 3 * time.Second
)

// Log attributes.
const (
	keyPID   = "pid"
	keyDelay = "delay"
	keyError = "error"
)

// Process is a supervised php-fpm. Its methods may be called concurrently.
type Process struct {
	cfg     Config
	php     version
	binary  string
	args    []string
	log     *slog.Logger
	sockets sockets // closed by supervise

	stopping chan struct{} // closed by Close
	stopOnce sync.Once
	ended    chan struct{} // closed when no process of it runs
	closeErr error         // of the sockets; may be read when ended is closed

	current  atomic.Pointer[master] // nil while none is ready
	absence  absence
	restarts atomic.Int64
}

// Start writes the configuration into cfg.Dir, makes php-fpm's sockets there, starts php-fpm and waits until its workers run. ctx bounds
// only that. Afterwards a php-fpm that dies is started again until Close, which the caller has to call. The sockets stay meanwhile,
// see Away and Refused. If this program dies before, the kernel ends php-fpm (prctl(2), PR_SET_PDEATHSIG).
//
// Workers inherit the environment of this program, as the original's handlers did, without what is meant for this program alone.
// Processes that handlers leave running in the background end with php-fpm.
func Start(ctx context.Context, cfg Config) (*Process, error) {
	p, err := prepare(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("start php-fpm: %w", err)
	}
	ready := make(chan error, 1)
	go p.supervise(ctx, ready)
	if err := <-ready; err != nil {
		<-p.ended
		return nil, fmt.Errorf("start php-fpm: %w", err)
	}
	return p, nil
}

func prepare(ctx context.Context, cfg Config) (*Process, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	binary, err := Find(cfg.Binary)
	if err != nil {
		return nil, err
	}
	v, err := askVersion(ctx, binary, cfg.Logger)
	if err != nil {
		return nil, err
	}
	who, err := workerAccount(cfg.User, cfg.Group)
	if err != nil {
		return nil, err
	}
	settings, err := cfg.settings(who)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(cfg.file(), []byte(cfg.render(v, who)), 0o600); err != nil {
		return nil, err
	}
	args := append([]string{"--nodaemonize", "--fpm-config", cfg.file()}, settings...)
	if who.root {
		args = append(args, "--allow-to-run-as-root")
	}
	held, err := listenAll(cfg.sockets(v))
	if err != nil {
		return nil, err
	}
	return &Process{
		cfg: cfg, php: v, binary: binary, args: args, log: cfg.Logger, sockets: held,
		stopping: make(chan struct{}), ended: make(chan struct{}),
	}, nil
}

// Address returns the path of the unix socket.
func (p *Process) Address() string { return p.cfg.socket() }

// ResidentAddress returns the path of the unix socket of the pool for requests that stay open; empty: there is none. Each request
// there needs a connection of its own. Its process ends when the request has and the client has closed the connection.
func (p *Process) ResidentAddress() string { return p.cfg.residentSocket() }

// Workers returns the number of workers, which is how many connections a client should have.
func (p *Process) Workers() int { return p.cfg.Workers }

// StatusPage returns where php-fpm reports its state: the fields of a fastcgi.StatusPage. From PHP 8.0 on, the address answers even
// while all workers are busy. Before that it is the address of the workers.
func (p *Process) StatusPage() (network, address, path string) {
	if p.php.atLeast(8, 0) {
		return "unix", p.cfg.status(), statusPath
	}
	return "unix", p.cfg.socket(), statusPath
}

// Missing returns the path of a file that php-fpm needs in its folder and that somebody has removed; empty: all are there.
func (p *Process) Missing() string {
	needed := []string{p.cfg.file()}
	for _, l := range p.sockets {
		needed = append(needed, l.path)
	}
	for _, path := range needed {
		if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
			return path
		}
	}
	return ""
}

// PID returns the process id of php-fpm's master, or 0 while none is ready.
func (p *Process) PID() int {
	if m := p.current.Load(); m != nil {
		return m.pid()
	}
	return 0
}

// Restarts returns how often php-fpm was started again.
func (p *Process) Restarts() int { return int(p.restarts.Load()) }

// Close stops php-fpm and waits until no process of it is left. Workers have 3 seconds to finish their request, and one that does
// not end on SIGTERM takes 3 more. It then closes the sockets. Close does not remove the folder.
func (p *Process) Close() error {
	p.stopOnce.Do(func() { close(p.stopping) })
	<-p.ended
	return p.closeErr
}

// supervise runs one master after the other. It reports the start of the first to ready, and returns if that fails or ctx ends
// before.
func (p *Process) supervise(ctx context.Context, ready chan<- error) {
	defer close(p.ended)
	defer func() { p.closeErr = p.sockets.close() }()
	delay := minBackoff
	for first := true; ; first = false {
		ran, err := p.runOnce(ctx, first, ready)
		if first && err != nil && !errors.Is(err, errEnded) {
			ready <- err
			return
		}
		p.absence.begin(err)
		if ran > delay {
			delay = minBackoff
		}
		select {
		case <-p.stopping:
			return
		default:
			p.log.Error("php-fpm ended, starting it again", keyError, err, keyDelay, delay)
		}
		if !p.pause(delay) {
			return
		}
		p.restarts.Add(1)
		delay = min(2*delay, maxBackoff)
	}
}

// errEnded says that a php-fpm has ended that was ready.
var errEnded = errors.New("php-fpm ended")

// runOnce starts a master and returns when its process group has ended, with errEnded if it was ready, and for how long it was.
func (p *Process) runOnce(ctx context.Context, first bool, ready chan<- error) (ran time.Duration, err error) {
	m, err := startMaster(p.binary, p.args, p.sockets, p.log)
	if err != nil {
		return 0, err
	}
	defer m.stop()
	if !first {
		ctx = context.Background()
	}
	if err := m.waitReady(ctx, p.stopping); err != nil {
		return 0, err
	}
	began := time.Now()
	p.current.Store(m)
	p.absence.end()
	defer p.current.Store(nil)
	p.log.Info("php-fpm is ready", keyPID, m.pid())
	if first {
		ready <- nil
	}
	select {
	case <-p.stopping:
		return 0, errEnded
	case <-m.exited:
		return time.Since(began), fmt.Errorf("%w: %w", errEnded, m.failure())
	}
}
