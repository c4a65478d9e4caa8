package resident

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// boot starts a worker for the lane, as connect does.
func (l *Lane) boot(ctx context.Context) (*worker, error) {
	w, err := l.connect(ctx)
	l.noteFailure(err)
	if err == nil {
		l.work.Go(func() { l.attend(w) })
	}
	return w, err
}

// connect starts a worker and blocks until it has connected. It loads the application when it is filled. The error wraps
// protocol.ErrUnavailable.
func (l *Lane) connect(ctx context.Context) (*worker, error) {
	ctx, cancel := context.WithTimeout(ctx, bootTimeout)
	defer cancel()
	l.mu.Lock()
	booter := l.booter
	l.mu.Unlock()
	token := newToken()
	greeting := l.listener.await(token)
	defer l.listener.forget(token, greeting)
	life, stop := context.WithCancel(l.life)
	ended := make(chan struct{})
	var bootErr error
	latest := &recent{booter: booter}
	l.work.Go(func() {
		defer close(ended)
		bootErr = booter.Run(life, map[string]string{"WSBRIDGE_RESIDENT": "unix://" + l.listener.path, "WSBRIDGE_WORKER": token},
			latest.redact)
	})
	select {
	case h := <-greeting:
		return l.newWorker(h, latest, stop, ended), nil
	case <-ended:
		stop()
		if bootErr == nil {
			bootErr = errors.New("the worker has ended without connecting to " + l.listener.path)
		}
		return nil, fmt.Errorf("%w: boot resident worker: %w", protocol.ErrUnavailable, bootErr)
	case <-ctx.Done():
		stop()
		<-ended
		return nil, fmt.Errorf("%w: boot resident worker: it has not connected to %s: %w", protocol.ErrUnavailable, l.listener.path,
			noneFree(ctx))
	}
}

// errNoneFree says that php-fpm has accepted a request, and has not begun to run it.
var errNoneFree = errors.New("the pool has no free process")

// noneFree returns why a boot has not succeeded whose ctx has ended.
func noneFree(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w, or it cannot be reached from there (%v)", errNoneFree, bootTimeout)
}

func newToken() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand, Read
	return hex.EncodeToString(b[:])
}

func (l *Lane) newWorker(h hello, latest *recent, stop context.CancelFunc, ended chan struct{}) *worker {
	cfg := l.config()
	w := &worker{lane: l, booter: latest.booter, recent: latest, conn: h.conn, reader: h.reader, process: processOf(h.conn), stop: stop, ended: ended,
		done: make(chan struct{}), killed: make(chan struct{}), told: map[int64]*byte{}, held: map[string]string{}}
	w.Info = Info{PID: cmp.Or(h.pid, w.process.pid), Started: time.Now()}
	w.decoder = protocol.NewAnswerDecoder(mark, cfg.MaxPayload)
	w.decoder.Quote = cfg.Quote
	w.unbind = context.AfterFunc(l.life, func() { w.conn.Close() })
	return w
}

// attend reads a worker's answers until it ends, and then cleans up after it. Before another worker begins, the events that have not begun
// are in the queue again, so that they keep their place.
func (l *Lane) attend(w *worker) {
	w.cause = w.read()
	_ = w.conn.SetWriteDeadline(time.Unix(1, 0)) // what is being written is given up
	l.sending.Lock()
	l.mu.Lock()
	unended := slices.Clone(w.flights)
	l.mu.Unlock()
	w.unread = w.look(w.cause, unended)
	l.sending.Unlock()
	w.conn.Close()
	w.awaitEnd()
	w.process.release()
	l.sending.Lock() // what is being written has been written when this is over
	l.mu.Lock()
	info, wasFilled := l.remove(w)
	failed, ours, dropped := l.takeBack(w)
	l.mu.Unlock()
	l.sending.Unlock()
	if wasFilled {
		l.goOn()
		l.logEnd(w, &info)
		l.logChildren(w)
	}
	close(w.done)
	l.endEvents(w, failed, ours, dropped)
	signal(l.changed)
}

// logEnd logs that the worker that ran events has ended.
func (l *Lane) logEnd(w *worker, info *Info) {
	log := l.config().Logger.With(keyPID, w.PID, keyReason, info.Reason, keyEvents, info.Events)
	if names := slices.Sorted(maps.Keys(w.held)); len(names) > 0 {
		log.Warn("resident worker has ended, and what only it could keep is lost", keyHeld, names)
	} else {
		log.Info("resident worker has ended")
	}
}

// logChildren names the processes that have outlived the worker that started them.
func (l *Lane) logChildren(w *worker) {
	if left := l.childSet(); len(left) > 0 {
		l.config().Logger.Info("child processes go on until the next resident worker takes them over", keyPID, w.PID, keyChildren, names(left))
	}
}

// remove also reports whether the worker was the one that runs events. The caller holds mu.
func (l *Lane) remove(w *worker) (info Info, wasFilled bool) {
	info = w.info()
	info.Ended, info.Cause = time.Now(), causeOf(info.Reason)
	if info.Reason == "" {
		info.Reason = w.cause.Error()
	}
	w.gone = true
	if w == l.spare {
		l.spare = nil
	}
	if w == l.worker {
		l.worker, wasFilled = nil, true
		l.state.Empty()
	}
	if w.Kind == "" || w.Kind == Alone && w.Filled.IsZero() {
		return info, wasFilled // it has not loaded the application, which counts as a failed boot if it was to
	}
	l.tally.add(&info)
	l.keepPast(&info)
	return info, wasFilled
}

// keepPast is called with the lane's mu held.
func (l *Lane) keepPast(info *Info) {
	l.past = append(l.past, *info)
	if len(l.past) > maxPast {
		l.past = slices.Delete(l.past, 0, 1)
	}
}
