package bridge

import (
	"strings"
	"sync"
	"time"
)

// longWatch warns of an event that runs for long, and again each time it has run twice as long: what never ends has no other sign where there
// is no time limit.
type longWatch struct {
	exchange *exchange

	mu     sync.Mutex // guards the fields below
	timer  *time.Timer
	took   time.Duration // of the next warning
	worker int           // 0: not a resident one
	ended  bool
}

// watch begins to watch x, which runs from now on. The caller calls stop. It returns nil, which may be used like any other, if nobody is to
// be warned.
func (x *exchange) watch() *longWatch {
	took := x.bridge.cfg().LongEvent
	if took <= 0 {
		return nil
	}
	w := &longWatch{exchange: x, took: took}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(took, w.warn)
	return w
}

// runsIn tells in which resident worker the event runs; 0: in none.
func (w *longWatch) runsIn(worker int) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.worker = worker
}

// warn is called by the timer.
func (w *longWatch) warn() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	w.exchange.warnLong(w.worker, w.took)
	w.timer.Reset(w.took) // from now on, which is when it had run for took
	w.took *= 2
}

// stop ends the watch. No warning comes after it. It may be called again.
func (w *longWatch) stop() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.timer.Stop()
}

// warnLong is called while the event runs, and so reads only what does not change. worker is the resident worker's process id; 0: there is none.
func (x *exchange) warnLong(worker int, took time.Duration) {
	log := x.bridge.log
	if x.client != nil {
		log = x.client.logger()
	}
	if worker != 0 {
		log = log.With(keyWorker, worker)
	}
	log.Warn("a handler takes long, and what waits for it waits on", keyEvent, x.kind, keyHandler, strings.Join(x.kind.Handlers(), ", "), keyTook, took)
}
