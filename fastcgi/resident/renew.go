package resident

import (
	"errors"
	"log/slog"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// renew replaces the worker if that was asked for, or if its code is old. It goes on until its successor is ready.
func (l *Lane) renew() {
	l.mu.Lock()
	w, reason, newCode, asked := l.worker, l.recycle, l.newCode, l.asked
	l.recycle, l.newCode, l.asked = "", false, nil
	l.mu.Unlock()
	defer l.answerWithWorker(asked)
	switch {
	case w == nil || reason == "" && !newCode:
		return
	case reason == ByOperator: // who is told, and has the worker that there is until the code can be loaded
	case !newCode:
		l.replace(w, reason, func() {})
		return
	case time.Now().Before(l.retryCode):
		return // the next check asks again
	}
	commit, err := l.state.Describe(l.duty)
	if err != nil {
		if reason == ByOperator {
			l.noteFailure(err)
		}
		l.warnBroken(err)
		return
	}
	l.noteBroken("")
	if newCode {
		reason = codeChanged
	}
	l.replace(w, reason, commit)
}

// answerWithWorker is answer, but has those who have asked wait on if the worker has ended, for the next one.
func (l *Lane) answerWithWorker(asked []chan struct{}) {
	l.mu.Lock()
	waits := l.worker == nil && l.duty.Err() == nil
	if waits {
		l.asked = append(asked, l.asked...)
	}
	l.mu.Unlock()
	if !waits {
		l.answer(asked)
	}
}

// describe has the code described again, if that was uncertain and can be certain now.
func (l *Lane) describe() {
	l.mu.Lock()
	certain := l.certain
	l.certain = false
	l.mu.Unlock()
	if !certain || time.Now().Before(l.retryCode) {
		return
	}
	commit, err := l.state.Describe(l.duty)
	if err != nil {
		l.retryCode = time.Now().Add(retryInterval)
		return // the next check asks again, and logs if the code has changed
	}
	commit()
}

// warnBroken says why changed code is not loaded, once. It is tried again after a while.
func (l *Lane) warnBroken(err error) {
	level := slog.LevelError
	if again := l.noteBroken(err.Error()); again {
		level = slog.LevelDebug
	}
	l.retryCode = time.Now().Add(retryInterval)
	l.config().Logger.Log(l.duty, level, "the changed application cannot be described: the code that was loaded before goes on", keyError, err)
}

// noteBroken notes why changed code cannot be loaded, or that it can, and reports whether that was so before.
func (l *Lane) noteBroken(why string) (again bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	again, l.broken = why == l.broken, why
	return again
}

// replace has another worker take over from w, between two events, and calls commit then.
func (l *Lane) replace(w *worker, reason string, commit func()) {
	next, err := l.nextWorker()
	switch {
	case err == nil:
	case errors.Is(err, errNoneFree):
		l.makeRoom(w, reason, commit)
		return
	default:
		if l.duty.Err() == nil {
			l.retryCode = time.Now().Add(retryInterval)
			l.config().Logger.Error("resident worker is not replaced: another cannot be booted", keyReason, reason, keyError, err)
		}
		return
	}
	l.keep(next) // for the case that w ends before
	if !l.hold(w) {
		commit()
		return
	}
	l.dismiss(w, reason)
	commit()
	if next = l.takeSpare(); next == nil {
		return
	}
	if err := l.activate(l.duty, next); err != nil && l.duty.Err() == nil {
		l.config().Logger.Error("resident worker cannot be filled", keyError, err)
	}
}

// makeRoom has w leave before there is another, since the pool has no process for both.
func (l *Lane) makeRoom(w *worker, reason string, commit func()) {
	if l.hold(w) {
		l.dismiss(w, reason)
	}
	commit()
}

// dismiss has a worker that runs nothing leave, and blocks until it has ended.
func (l *Lane) dismiss(w *worker, reason string) {
	leave := newControl(protocol.Leave, l.config().Logger)
	if reason == serverEnds {
		leave.event.Payload = []byte(protocol.LeaveForGood)
	}
	l.order(w, leave, func() bool {
		w.leaving, w.left = reason, true
		return true
	})
	select {
	case <-w.done:
	case <-time.After(2 * leaveTimeout):
		w.kill()
		<-w.done
	}
}
