package resident

import (
	"strings"

	"github.com/wsbridge/wsbridge/protocol"
)

// Why workers end, as the log and operators are told. A worker says itself when php-fpm or opcache wants it to leave.
const (
	eventFailed  = "an event failed: " // and its kind of failure
	eventLate    = "an event did not end in time"
	codeChanged  = "the application's code has changed"
	muchMemory   = "it uses much memory"
	hasEnded     = "it has ended: " // and how that was noticed
	replacedPool = "php-fpm was replaced"
	noRoom       = "php-fpm has no room for it"
	fpmEnds      = "php-fpm ends or reloads"
	opcacheWaits = "opcache waits for it before it restarts"
	serverEnds   = "wsbridge ends"
	stateChanged = "global variables have changed in the process from which this one takes over"
	wasIdle      = "it had nothing to run"

	// ByOperator is the reason of a worker that an operator has had replaced.
	ByOperator = "an operator has had it replaced"

	killedByOperator = "an operator has killed it"
)

// endedBy returns the reason of a worker whose event has failed.
func endedBy(f *protocol.Failure) string {
	if f.Kind == protocol.FailedTimeout {
		return eventLate
	}
	return eventFailed + string(f.Kind)
}

// Cause is why a worker has ended, in a word. There are few.
type Cause string

const (
	CauseFailure  Cause = "failure"  // an event failed, and what it has half changed must not be seen
	CauseTimeout  Cause = "timeout"  // an event did not end in time
	CauseDied     Cause = "died"     // the process has ended, or was killed
	CauseCode     Cause = "code"     // the application's code has changed
	CauseMemory   Cause = "memory"   // it used more than Config.Memory
	CauseFPM      Cause = "php_fpm"  // php-fpm ends, reloads, or was replaced
	CauseOpcache  Cause = "opcache"  // opcache waits for the worker before it restarts
	CauseOperator Cause = "operator" // an operator asked for another one, or killed it
	CauseShutdown Cause = "shutdown" // the lane is closed
	CauseOther    Cause = "other"
)

// Causes returns all causes.
func Causes() []Cause {
	return []Cause{CauseFailure, CauseTimeout, CauseDied, CauseCode, CauseMemory, CauseFPM, CauseOpcache, CauseOperator, CauseShutdown,
		CauseOther}
}

// causeOf returns the cause that a reason stands for; no reason means that the worker has ended without one.
func causeOf(reason string) Cause {
	switch {
	case strings.HasPrefix(reason, eventFailed):
		return CauseFailure
	case reason == "", strings.HasPrefix(reason, hasEnded):
		return CauseDied
	}
	switch reason {
	case eventLate:
		return CauseTimeout
	case codeChanged:
		return CauseCode
	case muchMemory:
		return CauseMemory
	case replacedPool, fpmEnds, noRoom:
		return CauseFPM
	case opcacheWaits:
		return CauseOpcache
	case ByOperator, killedByOperator:
		return CauseOperator
	case serverEnds:
		return CauseShutdown
	}
	return CauseOther
}
