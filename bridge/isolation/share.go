package isolation

import (
	"sync"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

const (
	// maxTogether is how many events share a request at most: with more, the start of the request is a small part of each already.
	maxTogether = 16
	// shareWindow is how long the events of a request should take together, since the last one waits for all others.
	shareWindow = 3 * time.Millisecond
	// longEvent is a time that an event must not take to share a request.
	longEvent = 2 * time.Millisecond
	// judgedFirst is how many events of a kind have to be quick before they share requests, and again after one that took long or failed;
	// twice as many each time, up to judgedFirst << maxStrikes.
	judgedFirst = 32
	maxStrikes  = 8
	// forgiven is after how many quick events one such time is forgotten.
	forgiven = 1000
)

// mayShare reports whether events of a kind may share requests as far as the kind decides.
func (a *Application) mayShare(kind protocol.Kind) bool {
	return a.Shares && !a.cfg.Resident && (kind == protocol.Text || kind == protocol.Binary) && a.Has(kind)
}

// leavesNothing reports whether a handler leaves nothing in its process that the next event there could see, and looks at nothing that
// another event has left.
func (a *Application) leavesNothing(name string, h protocol.Handler) bool {
	return h.Table == nil && h.Sockets == nil && h.Single == nil && h.AnyGlobal == nil && len(h.Writes) == 0 && a.bound(name, h) == nil
}

// AddShare records for Together that the handlers of an event of a kind took that long. isExact says that this is without what PHP waited for
// a processor; only such an event can have taken long.
func (p *Pace) AddShare(kind protocol.Kind, took time.Duration, isExact bool) {
	if s := p.shares[kind]; s != nil && (took < longEvent || isExact) {
		s.add(max(took, 0))
	}
}

// AddFailure records for Together that an event of a kind has failed in PHP.
func (p *Pace) AddFailure(kind protocol.Kind) {
	if s := p.shares[kind]; s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.strike()
	}
}

// Together returns how many events may share a request with one of that kind among them. 1: it does not share.
func (p *Pace) Together(kind protocol.Kind) int {
	s := p.shares[kind]
	if s == nil {
		return 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left > 0 {
		return 1
	}
	return max(1, min(maxTogether, int(shareWindow/max(1, s.mean))))
}

// IsJudged reports whether events of a kind do not share requests until some more are known to be quick.
func (p *Pace) IsJudged(kind protocol.Kind) bool {
	s := p.shares[kind]
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left > 0
}

// share is what Together depends on, of one kind.
type share struct {
	mu      sync.Mutex // guards the fields below
	mean    time.Duration
	left    int // events that have to be quick yet
	strikes int // times that an event was not
	quick   int // events since then, or since a strike was forgotten
}

func (s *share) add(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mean += (took - s.mean) / judged
	if took >= longEvent {
		s.strike()
		return
	}
	s.left = max(0, s.left-1)
	if s.quick++; s.quick >= forgiven {
		s.quick, s.strikes = 0, max(0, s.strikes-1)
	}
}

// strike is called with mu held.
func (s *share) strike() {
	s.strikes = min(s.strikes+1, maxStrikes)
	s.left, s.quick = judgedFirst<<s.strikes, 0
}

func newShares() map[protocol.Kind]*share {
	shares := map[protocol.Kind]*share{}
	for _, kind := range protocol.Kinds() {
		shares[kind] = &share{left: judgedFirst}
	}
	return shares
}
