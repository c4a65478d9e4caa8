package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
)

// probeTimeout bounds the question to php-fpm whether it is there.
const probeTimeout = 3 * time.Second

// statusInterval is how often the service manager's status line is renewed, unless its watchdog has to be fed more often.
const statusInterval = 15 * time.Second

// stuckAfter is how far past its time limit an exchange with php-fpm counts as one that will never end. Reading and writing end at the
// limit, and the rest takes moments.
const stuckAfter = time.Minute

// errStuck means that only a restart of the server helps.
var errStuck = errors.New("an exchange with php-fpm is long past its time limit and has not ended")

// watchdog tells the service manager at intervals how many clients there are, and that the server is alive. It asks the server each time:
// if a lock of the bridge is never released, or an event never ends, the manager hears nothing and ends the program with SIGABRT, which
// prints where each goroutine is. A php-fpm that is away or slow is no reason for that.
type watchdog struct {
	server   watched
	overdue  func(now time.Time) time.Duration // how far an exchange with php-fpm is past its time limit, or 0
	notify   notifier
	log      *slog.Logger
	interval time.Duration
	stuck    bool // that the manager hears nothing has been logged

	stop  context.CancelFunc
	ended chan struct{} // closed when run has returned
}

// watched is what the watchdog asks of a server.
type watched interface {
	Ready(ctx context.Context) error
	Clients() int
}

var _ watched = (*server)(nil)

// startWatchdog starts a watchdog, which does nothing without a service manager, and nothing before await has returned. The caller closes it.
func startWatchdog(server watched, overdue func(time.Time) time.Duration, await func(), log *slog.Logger) *watchdog {
	w := &watchdog{server: server, overdue: overdue, notify: notifier{log}, log: log, interval: statusInterval, ended: make(chan struct{})}
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	if os.Getenv("NOTIFY_SOCKET") == "" {
		close(w.ended)
		return w
	}
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("the service manager's watchdog is not fed", "error", err)
	}
	if limit > 0 {
		w.interval = min(limit/2, statusInterval) // half of it, as sd_watchdog_enabled(3) recommends
	}
	go func() { await(); w.run(ctx) }()
	return w
}

// close waits for the last ping.
func (w *watchdog) close() {
	w.stop()
	<-w.ended
}

func (w *watchdog) run(ctx context.Context) {
	defer close(w.ended)
	tick := time.NewTicker(w.interval)
	defer tick.Stop()
	for {
		w.ping(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// ping blocks until the bridge answers: that is what the watchdog is for.
func (w *watchdog) ping(ctx context.Context) {
	ready := w.ready(ctx)
	clients := w.server.Clients()
	if late := w.overdue(time.Now()); late > stuckAfter {
		w.starve(fmt.Errorf("%w (%v late)", errStuck, late.Round(time.Second)))
		return
	}
	w.stuck = false
	text := terminal.Plural(clients, "client")
	if ready != nil {
		text += "; " + ready.Error()
	}
	w.notify.status(text)
	w.notify.alive()
}

// starve does not feed the manager's watchdog, and logs once why.
func (w *watchdog) starve(err error) {
	if !w.stuck {
		w.log.Error("the service manager's watchdog is no longer fed", "error", err)
	}
	w.stuck = true
}

// ready asks whether clients are taken. The answer may take a question to php-fpm, which must not delay the next ping.
func (w *watchdog) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, min(w.interval/2, probeTimeout))
	defer cancel()
	return w.server.Ready(ctx)
}
