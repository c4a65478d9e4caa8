package bridge

import (
	"errors"
	"time"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/schedule"
	"github.com/wsbridge/wsbridge/protocol"
)

// maxSharedBytes is how large the events of a shared request may be together, apart from the first.
const maxSharedBytes = 32 << 10

// share returns schedule.Terms.Share: with how many events of other clients e may share a request. With resident workers none does.
func (e *queuedEvent) share(mode *isolation.RunMode) int {
	b := e.bridge
	if !mode.Shares || e.single || e.client == nil || e.waiter != nil || len(e.payload) > smallEvent || b.cfg().Lane != nil || !b.cfg().PHP.SharesRequests() {
		return 0
	}
	return b.pace.Load().Together(e.kind)
}

// sharedRequest is a request for several events, of different clients. PHP runs them in order.
type sharedRequest struct {
	bridge *Bridge
	php    PHP // as it was when the events joined
	app    *isolation.Application
	events []*sharedEvent
	at     int // of the first that has not ended
	size   int // of the events but the first, in bytes
	sent   time.Time
	watch  *longWatch // of the event that runs
}

// sharedEvent is an event of a shared request.
type sharedEvent struct {
	exchange
	of        *queuedEvent
	own       dispatcher
	queued    time.Duration
	hasNotRun bool          // PHP says so
	waits     chan struct{} // closed when it is committed; nil: nobody waits for that
}

// runShared runs e in one request with events that wait, if there are any that may share it, and ends all of them but e, whose turn ends when its
// Run returns. It reports false if e did not run.
func (e *queuedEvent) runShared(d *dispatcher) bool {
	php, share := e.bridge.cfg().PHP, e.Given().Share
	if share < 2 || d.turn == nil || !php.SharesRequests() {
		return false
	}
	joined := d.turn.Join(share)
	if len(joined) == 0 {
		return false
	}
	s := &sharedRequest{bridge: e.bridge, php: php, app: e.bridge.app.Load()}
	isFirstIn := s.add(e, d)
	for i, j := range joined {
		of := j.Event.(*queuedEvent)
		own := &dispatcher{}
		of.prepare(own, j.Turn)
		if !isFirstIn || !s.add(of, own) {
			putBack(joined[i:])
			break
		}
	}
	return isFirstIn && len(s.events) > 1 && s.run()
}

// putBack makes events wait again, in their order.
func putBack(joined []schedule.Joined) {
	for i := len(joined) - 1; i >= 0; i-- {
		joined[i].Event.(*queuedEvent).single = true
		joined[i].Turn.PutBack(joined[i].Event)
	}
}

// add makes e a part of the request. It reports false if it must not be.
func (s *sharedRequest) add(e *queuedEvent, d *dispatcher) bool {
	mode := s.app.RunMode(e.kind)
	if !mode.Shares || len(s.events) > 0 && mode.Parameters != s.events[0].mode.Parameters || d.mayRun() != nil {
		return false
	}
	x := &sharedEvent{of: e, own: *d}
	x.own.kind, x.own.seq = e.kind, s.bridge.seq.Add(1)
	x.queued = x.own.queueTime()
	x.prepareFor(&x.own, mode, x.queued)
	x.together = 1 // it is not known yet
	if x.prepare(e.payload) != nil {
		return false
	}
	if len(s.events) > 0 {
		s.size += x.event.Rows.Size() + x.event.Values.Size() + len(x.event.Environment) + len(e.payload)
	}
	if s.size > maxSharedBytes {
		return false
	}
	s.events = append(s.events, x)
	return true
}

// run makes the request. It reports false if its first event did not run.
func (s *sharedRequest) run() bool {
	b := s.bridge
	events := make([]*protocol.Event, len(s.events))
	began := time.Now()
	for i, x := range s.events {
		x.began, x.together = began, len(s.events)
		events[i] = &x.event
	}
	b.totals.running.Add(int64(len(events)))
	s.sent = began
	s.watchNext()
	err := s.php.Run(b.base, s.apply, events...)
	isAway := errors.Is(err, protocol.ErrUnavailable) || errors.Is(err, protocol.ErrOverloaded)
	s.watch.stop()
	if !isAway {
		b.endOutage()
	}
	for ; s.at < len(s.events); s.at++ {
		if x := s.events[s.at]; isAway {
			x.hasNotRun = true
		} else {
			x.end(s, err)
		}
	}
	return s.settle()
}

// settle has the events that have not run wait again, and waits until the first one is committed. It reports false if that has not run.
func (s *sharedRequest) settle() bool {
	var again []schedule.Joined
	for _, x := range s.events {
		if x.hasNotRun {
			s.bridge.totals.running.Add(-1)
			again = append(again, schedule.Joined{Event: x.of, Turn: x.own.turn})
		}
	}
	first := s.events[0]
	if first.hasNotRun {
		again = again[1:]
	}
	putBack(again)
	if first.hasNotRun {
		return false
	}
	if first.waits != nil {
		first.own.rest()
		<-first.waits
	}
	return true
}

// apply is given each effect of PHP.
func (s *sharedRequest) apply(e *protocol.Effect) error {
	if s.at == len(s.events) {
		s.bridge.log.Info("printed by the application", sourceApplication(), "text", e.Stray) // after the last event
		return nil
	}
	x := s.events[s.at]
	if f := e.Failed; f != nil && (f.Kind == protocol.FailedSkipped || f.Kind == protocol.FailedChanged) {
		s.skip(e)
		return nil
	}
	x.sends.carryOut(e)
	if e.Last() {
		s.at++
		s.watchNext()
		x.end(s, nil)
	}
	return nil
}

// watchNext watches the event that runs now, and no longer the one before.
func (s *sharedRequest) watchNext() {
	s.watch.stop()
	if s.at < len(s.events) {
		s.watch = s.events[s.at].exchange.watch()
	}
}

// skip notes that an event has not run. It may come after the first without an end, which fails later.
func (s *sharedRequest) skip(e *protocol.Effect) {
	for i := s.at; i < len(s.events); i++ {
		if x := s.events[i]; x.event.Seq == e.Seq {
			x.hasNotRun = true
		}
	}
	for s.at < len(s.events) && s.events[s.at].hasNotRun {
		s.at++
	}
}

// end is called when the event has ended in PHP, or with the error that has ended the request before.
func (x *sharedEvent) end(s *sharedRequest, err error) {
	if x.hasNotRun {
		return
	}
	x.event.Timing.Exchange = time.Since(s.sent)
	x.span.spent(s.sent, s.sent.Add(x.event.Timing.Exchange))
	isFirst := x == s.events[0]
	wait := func() {
		if isFirst {
			x.waits = make(chan struct{})
		}
	}
	commit := func() { x.commit(err, isFirst) }
	if x.sends.end(wait, commit) {
		commit()
	}
}

// commit ends the event, when all that it has sent is sent.
func (x *sharedEvent) commit(err error, isFirst bool) {
	b := x.bridge
	done, err := x.finish(x.queued, time.Now(), err)
	b.totals.running.Add(-1)
	x.own.commit(done)
	x.of.ended(&x.own, done, err)
	if !isFirst {
		x.own.turn.End()
	} else if x.waits != nil {
		close(x.waits)
	}
}

// learnFailure takes note of an event that has failed in PHP: others would have to run again because of one like that.
func (x *exchange) learnFailure(err error) {
	if x.mode.Shares && !isChanged(err) && !errors.Is(err, outcome.ErrGone) && !errors.Is(err, protocol.ErrUnavailable) {
		x.bridge.pace.Load().AddFailure(x.kind)
	}
}
