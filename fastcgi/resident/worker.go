package resident

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/wsbridge/wsbridge/protocol"
)

const (
	// mark starts each line of an answer. The socket carries nothing else, so it need not be a secret.
	mark = "+"
	// readSize is how much of the answers is read at once.
	readSize = 64 << 10
	// maxCopied is the size of a block up to which it is copied, to be written with others.
	maxCopied = 16 << 10
)

// worker is a process of php-fpm that runs events.
type worker struct {
	Info
	lane    *Lane
	booter  Booter
	recent  *recent
	conn    *net.UnixConn
	reader  io.Reader
	process *process
	decoder *protocol.AnswerDecoder
	killing sync.Once
	killed  chan struct{}      // closed when php-fpm has killed the process, or cannot
	byPHP   atomic.Bool        // php-fpm was asked to
	stop    context.CancelFunc // of its request
	unbind  func() bool        // the connection from the end of the lane, which would keep the worker in memory otherwise
	ended   chan struct{}      // closed when the request has ended
	done    chan struct{}      // closed when it has ended and its events are in the queue again
	events  atomic.Int64       // that have ended

	ticked int64             // events that had ended at the last tick; used by the manager
	told   map[int64]*byte   // the environments of the clients whose meta-variables it has; used by the sender
	buf    []byte            // used by the sender
	blocks [][]byte          // of an event; used by the sender
	head   *sent             // whose answer is read; used by the reader
	after  *sent             // the event after the last that has ended; nil: it was not sent yet then; used by the reader
	held   map[string]string // what no other worker can be given; used by the reader until done is closed
	cause  error             // why it ended; may be read when done is closed
	unread unread            // when it ended; likewise

	flights []*sent // that have been sent and have not ended, in order; guarded by the lane's mu
	began   time.Time
	// Guarded by the lane's mu.
	failed   time.Time     // when an event has failed, which ends the process; zero: none has
	warned   time.Duration // how long its event had run when somebody was told; 0: nobody was
	aborted  error         // why its events have to end; nil: they have not
	leaving  string        // why it will run nothing more
	left     bool          // it has said so itself, or was told to, and so has begun nothing since
	gone     bool          // it has ended: nobody would end what it is sent
	overdue  bool          // its event did not end in time
	checking bool          // it has been asked about itself
	early    bool          // it goes on although its request has ended
	start    int64         // what it used when it was filled, in bytes; 0: that is not known yet
}

// sent is an event that a worker has been sent.
type sent struct {
	exchange protocol.Exchange
	event    atomic.Pointer[protocol.Event] // nil: it is not encoded yet
	size     int                            // of the write that it is the first of; 0: of none; set before written
	written  bool                           // to the socket, whole; guarded by the lane's mu
}

// read reads answers until the connection ends, which it returns the reason for.
func (w *worker) read() error {
	buf := make([]byte, readSize)
	for {
		n, err := w.reader.Read(buf)
		if n > 0 {
			if err := w.decoder.Feed(buf[:n], w.effect); err != nil {
				return err
			}
		}
		if err != nil {
			return fmt.Errorf("%w: %w", protocol.ErrCutOff, err)
		}
	}
}

// effect passes an effect on to the event that runs.
func (w *worker) effect(e *protocol.Effect) error {
	if e.Seq == 0 {
		return fmt.Errorf("%w: it holds no effect", protocol.ErrMalformed)
	}
	if e.Children != nil {
		w.lane.note(e.Children)
		return nil
	}
	if w.head == nil {
		w.head = w.after
	}
	if w.head == nil {
		w.head = w.lane.first(w)
	}
	var event *protocol.Event
	if w.head != nil {
		event = w.head.event.Load()
	}
	if event == nil || event.Seq != e.Seq {
		return fmt.Errorf("%w: effect of event %d, which does not run", protocol.ErrMalformed, e.Seq)
	}
	head := w.head
	w.recent.clean(e, event)
	head.exchange.Apply(e)
	if !e.Last() {
		return nil
	}
	if e.Done != nil {
		for name, what := range e.Done.Held {
			w.held[name] = what
		}
	}
	w.head = nil
	if event.Seq != controlSeq {
		w.events.Add(1)
	}
	after, wasHeld := w.lane.pop(w, e.Failed)
	w.after = after
	head.exchange.End(nil)
	if wasHeld {
		w.lane.goOn()
	}
	return nil
}

// send encodes and writes events. It blocks while PHP does not read. It reports false if it has written nothing, since the process has ended;
// its connection does not tell that while a program in the background has it, too. Errors show to the reader, so they are not returned.
func (w *worker) send(batch []*sent) bool {
	if w.process.hasEnded() {
		return false
	}
	w.buf = w.buf[:0]
	for _, s := range batch {
		event := s.exchange.Event()
		event.Worker = w.PID
		w.recent.add(event)
		w.introduce(event)
		s.event.Store(event)
		w.buf = event.AppendLine(w.buf)
		w.blocks = event.AppendBlocks(w.blocks[:0])
		for _, block := range w.blocks {
			if len(block) <= maxCopied {
				w.buf = append(w.buf, block...)
				continue
			}
			w.flush()
			_, _ = w.conn.Write(block)
			batch[0].size = severalWrites
		}
	}
	if batch[0].size == 0 {
		batch[0].size = len(w.buf)
	}
	w.flush()
	clear(w.blocks)
	if cap(w.buf) > maxSentBytes {
		w.buf = nil
	}
	return true
}

func (w *worker) flush() {
	if len(w.buf) > 0 {
		_, _ = w.conn.Write(w.buf)
		w.buf = w.buf[:0]
	}
}

// introduce adds the meta-variables of a client that the worker does not know yet.
func (w *worker) introduce(e *protocol.Event) {
	for _, client := range e.Left {
		delete(w.told, client)
	}
	if e.Client == 0 {
		return
	}
	environment := unsafe.SliceData(e.Environment) // a client has another one before its handshake
	if told, ok := w.told[e.Client]; ok && told == environment {
		return
	}
	w.told[e.Client] = environment
	e.Meta = w.booter.Meta(e.Environment)
}

// hasBegun reports whether the first of the events that have no end may have begun when the worker ended. It has not if it was not written, or
// not read whole. It is called with the lane's mu held.
func (w *worker) hasBegun(unended []*sent) bool {
	isLast := !slices.ContainsFunc(unended[1:], func(s *sent) bool { return s.written })
	return unended[0].written && (w.head != nil || !w.unread.all && !(w.unread.some && isLast))
}

// awaitEnd blocks until the request has ended. The process may run the application's shutdown functions, but not for long.
func (w *worker) awaitEnd() {
	w.unbind()
	select {
	case <-w.ended:
	case <-time.After(leaveTimeout):
		w.kill()
	}
	w.stop()
	<-w.ended
	w.awaitKill()
	w.awaitExit()
}

// awaitExit is for a worker whose request has ended before it has.
func (w *worker) awaitExit() {
	w.lane.mu.Lock()
	early := w.early
	w.lane.mu.Unlock()
	const poll = 5 * time.Millisecond
	for until := time.Now().Add(leaveTimeout); early && w.process.isAlive(); time.Sleep(poll) {
		if time.Now().After(until) {
			w.kill()
			return
		}
	}
}

// hasNoRequest reports whether the worker's request has ended.
func (w *worker) hasNoRequest() bool {
	select {
	case <-w.ended:
		return true
	default:
		return false
	}
}

// goesOn notes that a worker runs events whose request has ended: what it prints past the PHP half is lost, and that is all.
func (w *worker) goesOn() {
	w.lane.mu.Lock()
	first := !w.early
	w.early = true
	log := w.lane.cfg.Logger
	w.lane.mu.Unlock()
	if first {
		log.Warn("resident worker goes on although the application has ended its request, as fastcgi_finish_request() does: "+
			"what it prints is lost", keyPID, w.PID)
	}
}

// awaitKill blocks until a process has ended that php-fpm was asked to kill: nothing may run beside what still runs there.
func (w *worker) awaitKill() {
	if w.byPHP.Load() {
		<-w.killed
	}
}

// kill ends the process at once, or has php-fpm do it.
func (w *worker) kill() {
	if err := w.process.kill(); err != nil {
		w.killing.Do(func() {
			w.byPHP.Store(true)
			w.lane.work.Go(func() { defer close(w.killed); w.killByPHP(err) })
		})
	}
	w.stop()
	w.conn.Close()
}

// killByPHP has php-fpm end the process, which it must not do itself for a reason.
func (w *worker) killByPHP(reason error) {
	ctx, cancel := context.WithTimeout(w.lane.life, killTimeout)
	defer cancel()
	log := w.lane.config().Logger.With(keyPID, w.PID)
	if err := w.booter.Kill(ctx, w.PID); err != nil {
		log.Error("resident worker cannot be killed: it may run on, and what it says is ignored", keyError, errors.Join(reason, err))
		return
	}
	log.Info("resident worker was killed by php-fpm")
}
