// Package phpfpm runs a php-fpm of our own on a private socket: it writes the configuration, starts it again when it
// dies, takes its log over and leaves no worker behind.
package phpfpm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

const (
	// A php-fpm that ended is started again after a delay between these, doubled each time.
	minBackoff = 100 * time.Millisecond
	maxBackoff = 10 * time.Second
	// ranWell is how long it has to run for the delay to start over.
	ranWell = time.Minute
	// startTimeout bounds the time until the socket accepts; loading extensions and preloading take their part of it.
	startTimeout = 30 * time.Second
	// Each stage of stopping gets this long: workers finish their request, workers are ended, everything is killed.
	graceTime = 3 * time.Second
)

// Log attributes.
const (
	keyPID   = "pid"
	keyDelay = "delay"
	keyError = "error"
)

// Process is a supervised php-fpm. Its methods may be called concurrently.
type Process struct {
	cfg    Config
	php    version
	binary string
	args   []string
	log    *slog.Logger

	stopping chan struct{} // closed by Close
	stopOnce sync.Once
	ended    chan struct{} // closed when nothing of it runs any more

	mu       sync.Mutex // guards the fields below
	current  *master    // nil between two starts
	restarts int
}

// Start writes the configuration into cfg.Dir, starts php-fpm and waits until its socket accepts connections; ctx bounds
// only that. From then on a php-fpm that dies is started again until Close, which the caller has to call. Should this
// program die without it, the kernel ends php-fpm (prctl(2), PR_SET_PDEATHSIG).
//
// Workers inherit this program's environment, as the original's handlers did, without what is meant for this program
// alone. What handlers leave running in the background ends with php-fpm.
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
	v, err := askVersion(ctx, binary)
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
	if err := os.WriteFile(cfg.file(), []byte(cfg.pool(v, who)), 0o600); err != nil {
		return nil, err
	}
	args := append([]string{"--nodaemonize", "--fpm-config", cfg.file()}, settings...)
	if who.root {
		args = append(args, "--allow-to-run-as-root")
	}
	return &Process{
		cfg: cfg, php: v, binary: binary, args: args, log: cfg.Logger,
		stopping: make(chan struct{}), ended: make(chan struct{}),
	}, nil
}

// Address is the path of the unix socket.
func (p *Process) Address() string { return p.cfg.socket() }

// Workers is how many workers there are: a client's fitting number of connections.
func (p *Process) Workers() int { return p.cfg.Workers }

// StatusPage is where php-fpm tells its state: a fastcgi.StatusPage's fields. From PHP 8.0 on that address is answered also
// while all workers are busy; before, it is that of the workers.
func (p *Process) StatusPage() (network, address, path string) {
	if p.php.atLeast(8, 0) {
		return "unix", p.cfg.status(), statusPath
	}
	return "unix", p.cfg.socket(), statusPath
}

// sockets are all that php-fpm is to listen at.
func (p *Process) sockets() []string {
	if _, status, _ := p.StatusPage(); status != p.Address() {
		return []string{p.Address(), status}
	}
	return []string{p.Address()}
}

// PID is the process id of php-fpm's master, 0 while there is none.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil {
		return 0
	}
	return p.current.pid()
}

// Restarts returns how often php-fpm had to be started again.
func (p *Process) Restarts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.restarts
}

// Close stops php-fpm and waits until no process of it is left. Workers may finish their request for 3 seconds; one that
// does not end when told to takes another 3. The folder is the caller's to remove.
func (p *Process) Close() error {
	p.stopOnce.Do(func() { close(p.stopping) })
	<-p.ended
	return nil
}

// supervise runs masters one after the other. The first one's start is reported to ready; if it fails, or ctx ends
// before, that is the end.
func (p *Process) supervise(ctx context.Context, ready chan<- error) {
	defer close(p.ended)
	delay := minBackoff
	for first := true; ; first = false {
		started := time.Now()
		err := p.runOnce(ctx, first, ready)
		if first && err != nil && !errors.Is(err, errEnded) {
			ready <- err
			return
		}
		if time.Since(started) >= ranWell {
			delay = minBackoff
		}
		select {
		case <-p.stopping:
			return
		default:
			p.log.Error("php-fpm ended, starting it again", keyError, err, keyDelay, delay)
		}
		select {
		case <-p.stopping:
			return
		case <-time.After(delay):
		}
		p.countRestart()
		delay = min(2*delay, maxBackoff)
	}
}

// errEnded says that a php-fpm that was ready has ended.
var errEnded = errors.New("php-fpm ended")

// runOnce starts a master and returns when nothing of it is left, with errEnded if it had been ready.
func (p *Process) runOnce(ctx context.Context, first bool, ready chan<- error) error {
	m, err := startMaster(p.binary, p.args, p.sockets(), p.log)
	if err != nil {
		return err
	}
	defer m.stop()
	if !first {
		ctx = context.Background()
	}
	if err := m.waitReady(ctx, p.stopping); err != nil {
		return err
	}
	p.set(m)
	defer p.set(nil)
	p.log.Info("php-fpm is ready", keyPID, m.pid())
	if first {
		ready <- nil
	}
	select {
	case <-p.stopping:
		return errEnded
	case <-m.exited:
		return fmt.Errorf("%w: %w", errEnded, m.failure())
	}
}

func (p *Process) countRestart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.restarts++
}

func (p *Process) set(m *master) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = m
}
