package resident

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// ErrClosed says that the lane was closed.
var ErrClosed = errors.New("resident: lane is closed")

// Lane runs events, one after the other in the order of Run, in one worker at a time. Its methods may be called concurrently.
type Lane struct {
	state  protocol.State
	beside *Pool

	listener *listener
	folder   *childrenFolder
	life     context.Context // of workers
	end      context.CancelFunc
	duty     context.Context // of the manager
	relieve  context.CancelFunc
	manager  sync.WaitGroup
	work     sync.WaitGroup // everything else

	wake    chan struct{} // the sender: there may be something to send
	queued  chan struct{} // the manager: there is an event and no worker
	changed chan struct{} // the manager: a worker has ended, or is to be replaced

	late    sync.Mutex // held while an event runs that has come after Close
	sending sync.Mutex // held while events are encoded and written, and while another worker takes over
	telling sync.Mutex // held while the state is told that the lane is held up, or goes on

	mu     sync.Mutex // guards the fields below, and of workers what they say
	cfg    Config
	booter Booter
	closed bool
	asked  []chan struct{}     // closed when the manager has done what it was asked
	queue  []protocol.Exchange // not sent yet
	worker *worker             // that runs events; nil: no worker does
	next   *worker             // that is about to be filled; nil: no worker is
	spare  *worker             // that waits to be filled; nil: no spare
	past   []Info              // of the latest workers that have ended
	tally  tally
	// children are the processes that handlers have started, by their ids.
	children protocol.ChildSet
	held     bool      // nothing is sent
	heldUp   bool      // what runs takes long: no event is sent
	request  time.Time // when the event began that runs in a request of its own; zero: none does
	waiting  bool      // idle has to be closed when no event runs
	idle     chan struct{}
	recycle  string // why the worker is to be replaced; empty: it is not
	newCode  bool   // the application's files have changed since the worker loaded them
	certain  bool   // what is known of the code can be made certain
	alone    bool   // events run in requests of their own
	broken   string // why changed code could not be loaded, the last time; empty: it could
	armed    bool   // the deadline's timer runs
	timer    *time.Timer

	// Used by the manager.
	retryCode time.Time // when code that could not be loaded is tried again
	spares    attempts
}

// NewLane returns a Lane without a worker. The caller closes it.
func NewLane(cfg Config, booter Booter) (*Lane, error) {
	l := &Lane{cfg: cfg.withDefaults(), booter: booter, tally: newTally(), children: protocol.ChildSet{}, wake: make(chan struct{}, 1), queued: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
	var err error
	if l.folder, err = newChildrenFolder(cfg.Dir, cfg.Mode); err != nil {
		return nil, err
	}
	if l.listener, err = listen(cfg.Dir, cfg.Mode); err != nil {
		return nil, errors.Join(err, l.folder.close())
	}
	l.life, l.end = context.WithCancel(context.Background())
	l.duty, l.relieve = context.WithCancel(l.life)
	l.beside = newPool(l)
	l.timer = time.AfterFunc(time.Hour, l.checkDeadline)
	l.timer.Stop()
	l.held = true
	l.work.Go(l.sendAll)
	l.work.Go(l.beside.tend)
	return l, nil
}

// Run runs an event after all others, and more right after it. It does not block. After Close events still run, one at a time, in requests of
// their own; the caller, who learns of the end of each, waits for them.
func (l *Lane) Run(x protocol.Exchange, more ...protocol.Exchange) {
	l.mu.Lock()
	closed, alone := l.closed, l.worker == nil
	// They are asked before they are queued: after that the sender uses them.
	sendsHere := !closed && !alone && len(l.queue) == 0 && len(l.worker.flights) == 0 && x.IsSmall() && !slices.ContainsFunc(more, isLarge)
	if !closed {
		l.queue = append(append(l.queue, x), more...)
	}
	l.mu.Unlock()
	switch {
	case sendsHere && l.sending.TryLock(): // to wake the sender would take longer than to write
		l.sendNow()
		l.sending.Unlock()
	case closed: // the configuration has just changed
		go l.runLate(x, more)
	case alone:
		signal(l.queued)
	default:
		signal(l.wake)
	}
}

func isLarge(x protocol.Exchange) bool { return !x.IsSmall() }

func (l *Lane) runLate(x protocol.Exchange, more []protocol.Exchange) {
	l.late.Lock()
	defer l.late.Unlock()
	x.Alone()
	for _, x := range more {
		x.Alone()
	}
}

// Use replaces the configuration, apart from the socket, and has the worker replaced by one of another pool. It blocks until that is
// done, or has failed, which is logged, or until ctx ends, after which the worker may still be replaced.
func (l *Lane) Use(ctx context.Context, cfg Config, booter Booter) {
	l.mu.Lock()
	cfg.Dir, cfg.Mode = l.cfg.Dir, l.cfg.Mode
	l.cfg, l.booter = cfg.withDefaults(), booter
	if l.spare != nil {
		l.spare.leaving = replacedPool
	}
	l.mu.Unlock()
	l.beside.renew(cfg.Beside)
	select {
	case <-l.Recycle(replacedPool):
	case <-ctx.Done():
	}
}

func (l *Lane) config() Config {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cfg
}

// signal tells the goroutine that receives from c, unless it has been told and has not looked yet.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// hold stops sending and waits until the worker runs no event. It returns false if the worker has ended before, which it has at the
// latest when the context of Close ends.
func (l *Lane) hold(w *worker) bool {
	l.mu.Lock()
	l.held = true
	var idle chan struct{}
	if len(w.flights) > 0 {
		idle = make(chan struct{})
		l.idle, l.waiting = idle, true
	}
	l.mu.Unlock()
	if idle == nil {
		return true
	}
	select {
	case <-idle:
		return true
	case <-w.done:
	}
	return false
}

// release lets events be sent again.
func (l *Lane) release() {
	l.mu.Lock()
	l.held, l.waiting = false, false
	l.mu.Unlock()
	signal(l.wake)
}

// takeBack gives the events of a worker that has ended back to the queue, apart from the one that has begun and has no end, if there is one,
// from ours, and from those that have to end with the worker. The caller holds mu.
func (l *Lane) takeBack(w *worker) (failed *sent, ours []*control, dropped []protocol.Exchange) {
	flights := w.flights
	w.flights = nil
	if len(flights) > 0 && !w.left && w.hasBegun(flights) {
		failed, flights = flights[0], flights[1:]
	}
	var again []protocol.Exchange
	for _, s := range flights {
		switch c, ok := s.exchange.(*control); {
		case ok:
			ours = append(ours, c)
		case w.aborted != nil:
			dropped = append(dropped, s.exchange)
		default:
			again = append(again, s.exchange)
		}
	}
	l.queue = append(again, l.queue...)
	if l.worker == nil && len(l.queue) > 0 {
		signal(l.queued)
	}
	return failed, ours, dropped
}

// endEvents ends what takeBack has returned.
func (l *Lane) endEvents(w *worker, failed *sent, ours []*control, dropped []protocol.Exchange) {
	for _, c := range ours {
		c.End(w.cause)
	}
	l.mu.Lock()
	overdue, killed, err := w.overdue, w.leaving == killedByOperator, w.aborted
	l.mu.Unlock()
	switch {
	case failed == nil:
	case err == nil && killed:
		failed.exchange.End(errKilled)
	default:
		failed.exchange.End(cmp.Or(err, w.explain(overdue)))
	}
	for _, x := range dropped {
		x.End(err)
	}
}

// explain returns the error of an event that has ended with its worker.
func (w *worker) explain(overdue bool) error {
	if overdue {
		return errLate(w.lane.config().Timeout)
	}
	return fmt.Errorf("%w: the worker has ended: %w", protocol.ErrCutOff, w.cause)
}
