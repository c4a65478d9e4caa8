package resident

import (
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// maxPast is how many workers that have ended are remembered.
const maxPast = 20

// Info says how a worker is, or was.
type Info struct {
	PID     int // as the worker knows it
	Kind    Kind
	Code    string // the fingerprint of the application that it has loaded
	Started time.Time
	Filled  time.Time // when it had loaded the application, and so could run events; zero: it has not
	Ended   time.Time // zero: it has not
	Events  int64     // that have ended
	Memory  int64     // bytes, as of the last check
	Reason  string    // why it has ended, or will; empty: it goes on
	Cause   Cause     // the same in a word, once it has ended
	Runs    *Running  // what it runs now; nil: nothing of the application's
}

// Running is an event that a worker runs.
type Running struct {
	Kind   protocol.Kind
	Client int64 // 0: the server
	Since  time.Time
	Behind int // events that wait for its end
}

// Kind is what a worker is there for.
type Kind string

const (
	Alone  Kind = "alone"  // runs events one after the other
	Beside Kind = "beside" // runs events beside these
	Spare  Kind = "spare"  // will run events when the alone worker ends
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Alone, Beside, Spare} }

// Workers returns how the workers are, and the latest that have ended, these first.
func (l *Lane) Workers() []Info {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.workers()
}

// workers is called with the lane's mu held.
func (l *Lane) workers() []Info {
	all := append([]Info(nil), l.past...)
	for _, w := range []*worker{l.worker, l.spare} {
		if w != nil {
			all = append(all, w.info())
		}
	}
	if l.worker != nil {
		if runs := all[len(l.past)].Runs; runs != nil {
			runs.Behind += len(l.queue)
		}
	}
	return append(all, l.beside.infos()...)
}

// info is called with the lane's mu held.
func (w *worker) info() Info {
	i := w.Info
	i.Events, i.Reason = w.events.Load(), w.leaving
	if len(w.flights) == 0 {
		return i
	}
	if e := w.flights[0].event.Load(); e != nil && e.Seq != controlSeq {
		i.Runs = &Running{Kind: e.Kind, Client: e.Client, Since: w.began, Behind: w.countWaiting()}
	}
	return i
}

// countWaiting returns how many events wait in the worker for the end of the one that runs, without ours. The caller holds the lane's mu.
func (w *worker) countWaiting() (n int) {
	for _, s := range w.flights[1:] {
		if _, ours := s.exchange.(*control); !ours {
			n++
		}
	}
	return n
}

// Stateless reports whether events run in requests of their own, as no worker can be started.
func (l *Lane) Stateless() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.alone
}

// Recycle has the worker replaced after its current event. The channel is closed when that is done, or has failed.
func (l *Lane) Recycle(reason string) <-chan struct{} {
	done := make(chan struct{})
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		close(done)
		return done
	}
	l.recycle = reason
	l.asked = append(l.asked, done)
	signal(l.changed)
	return done
}

// takeAsked returns whom to answer, when the next worker will be another one anyway.
func (l *Lane) takeAsked() (asked []chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked, l.asked, l.recycle = l.asked, nil, ""
	return asked
}

// answer tells the callers of Recycle that their worker was replaced.
func (l *Lane) answer(asked []chan struct{}) {
	for _, done := range asked {
		close(done)
	}
}
