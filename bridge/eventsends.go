package bridge

import (
	"bytes"
	"slices"
	"sync"

	"github.com/wsbridge/wsbridge/protocol"
)

// effectMaker is an event that runs.
type effectMaker interface {
	// carryOut carries out an effect. It must not block.
	carryOut(*protocol.Effect)
	// holdsPHP is called before PHP has to wait, because there is no room to keep what it makes.
	holdsPHP()
}

// eventSends puts the effects of one event into the order of sends. While another event is the sender, it keeps messages to others than the
// event's own client, and the messages and closes after them that must not overtake them. Everything else is carried out at once. Its methods
// are called by one goroutine, except for begin.
type eventSends struct {
	order *sendOrder
	maker effectMaker
	own   int64 // key of the event's client; 0: the server
	// inOrder says that it is an event of the lane: if one of those before it waits, it waits with all of its effects.
	inOrder bool

	entered bool          // it is the sender, or waits for that
	waits   bool          // it has not seen yet that it is the sender
	turn    chan struct{} // closed when it is the sender and what was kept is carried out; nil: it has not had to wait for that

	mu      sync.Mutex         // guards the fields below, and held while an effect is carried out of an event that waits
	begun   bool               // turn is closed
	keptOwn bool               // some of kept reach the event's own client
	kept    []*protocol.Effect // to be carried out by begin
	size    int                // of them, in bytes
	then    func()             // as given to end
}

// carryOut carries out an effect, or keeps it. It blocks only if there is no room to keep it, until it is carried out.
func (s *eventSends) carryOut(e *protocol.Effect) {
	if !s.entered && (s.follows() || s.isForOthers(e)) {
		s.entered, s.waits = true, !s.order.enter(s)
	}
	if !s.waits {
		s.maker.carryOut(e)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begun && s.mustWait(e) {
		if s.keep(e) {
			return
		}
		s.awaitTurn()
	}
	s.waits = !s.begun
	s.maker.carryOut(e)
}

// end is called after the last effect. It reports whether all are carried out. If not, it calls wait, and then is called when they are, by the
// goroutine that ends the event before it, at any time after wait has returned. Neither may block.
func (s *eventSends) end(wait, then func()) bool {
	switch {
	case s.waits && s.endsLater(wait, then):
		return false
	case s.entered:
		s.order.ended(s)
		s.order.leave()
	}
	return true
}

// follows reports whether an event of the lane waits that comes before this one.
func (s *eventSends) follows() bool { return s.inOrder && s.order.lane.Load() > 0 }

// endsLater keeps then for begin. It reports false if begin has been called.
func (s *eventSends) endsLater(wait, then func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun {
		return false
	}
	wait()
	s.then = then
	return true
}

// endAndWait is end, but blocks until all effects are carried out.
func (s *eventSends) endAndWait(wait func()) {
	if !s.end(wait, func() {}) {
		<-s.turn
	}
}

// begin is called when s is the sender. It carries out what was kept, and returns what was given to end, or nil if the event still runs.
func (s *eventSends) begin() (then func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.kept {
		s.maker.carryOut(e)
	}
	s.order.release(len(s.kept), s.size)
	s.kept, s.begun = nil, true
	close(s.turn)
	return s.then
}

// awaitTurn is called with mu held, and unlocks it in the meantime.
func (s *eventSends) awaitTurn() {
	s.mu.Unlock()
	defer s.mu.Lock()
	s.maker.holdsPHP()
	<-s.turn
}

// keep reports false if there is no room for e. It is called with mu held.
func (s *eventSends) keep(e *protocol.Effect) bool {
	size := sizeOf(e)
	if !s.order.take(size) {
		return false
	}
	s.kept = append(s.kept, clone(e))
	s.size += size
	s.keptOwn = s.keptOwn || s.reachesOwn(e)
	return true
}

// mustWait reports whether e has to be kept while another event is the sender. It is called with mu held. Closing another client waits only
// for messages that were sent before it, some of which that client may be sent.
func (s *eventSends) mustWait(e *protocol.Effect) bool {
	if s.inOrder {
		return true
	}
	if e.Close != nil {
		return s.keptOwn || e.Close.Client != s.own
	}
	return s.isForOthers(e) || s.keptOwn && s.reachesOwn(e)
}

// isForOthers reports whether e is a message to others than the event's own client.
func (s *eventSends) isForOthers(e *protocol.Effect) bool {
	m := messageOf(e)
	return m != nil && (m.To.Open || slices.ContainsFunc(m.To.Keys, func(key int64) bool { return key != s.own }))
}

// reachesOwn reports whether the event's own client gets e.
func (s *eventSends) reachesOwn(e *protocol.Effect) bool {
	if e.Close != nil {
		return e.Close.Client == s.own
	}
	m := messageOf(e)
	return m != nil && (m.To.Open || slices.Contains(m.To.Keys, s.own))
}

// messageOf returns the message that e sends, or nil.
func messageOf(e *protocol.Effect) *protocol.Send {
	if e.Send != nil {
		return e.Send
	}
	return e.Frames
}

// sizeOf returns the memory that e takes while it is kept, in bytes, apart from what each effect takes.
func sizeOf(e *protocol.Effect) int {
	if m := messageOf(e); m != nil {
		return len(m.Payload) + 8*len(m.To.Keys)
	}
	return 0
}

// clone returns a copy of e that stays valid. A message of PHP's does not.
func clone(e *protocol.Effect) *protocol.Effect {
	copied := *e
	if m := messageOf(e); m != nil {
		message := *m
		message.Payload, message.To.Keys = bytes.Clone(m.Payload), slices.Clone(m.To.Keys)
		if e.Send != nil {
			copied.Send = &message
		} else {
			copied.Frames = &message
		}
	}
	return &copied
}
