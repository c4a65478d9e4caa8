package outcome

import (
	"errors"

	"github.com/wsbridge/wsbridge/protocol"
)

// Outcome is how an event ends that has no done line, and what that means for its client. docs/endings.md has them as a table.
type Outcome struct {
	Name string // in logs and metrics
	// Ran says that a handler may have run, to its end or not. Such an event is never run again.
	Ran bool
	// Ending of its client: EndedBusy always, EndedFailed only if php.on_error is "close". Any other one has come before.
	Ending Ending
}

// named is an error and what it means.
type named struct {
	err error
	Outcome
}

// errs are tried in this order: an error may be several of them.
func errs() []named {
	return []named{
		{protocol.ErrRefused, Outcome{"refused", false, EndedBusy}},
		{protocol.ErrOverloaded, Outcome{"overloaded", false, EndedBusy}},
		{protocol.ErrUnavailable, Outcome{"unavailable", false, EndedBusy}},
		{ErrNoRoom, Outcome{"no_room", false, EndedBusy}},
		{ErrQueueWait, Outcome{"queue_wait", false, EndedBusy}},
		{ErrAway, Outcome{"away", false, EndedRefused}},
		{ErrGone, Outcome{"gone", false, EndedByHandler}},
		{protocol.ErrTimeout, Outcome{"timeout", true, EndedFailed}},
		{protocol.ErrCutOff, Outcome{"cut_off", true, EndedFailed}},
		{protocol.ErrMalformed, Outcome{"malformed", true, EndedFailed}},
		{ErrDrained, Outcome{"drained", true, EndedByServer}},
		{ErrStopped, Outcome{"stopped", false, EndedByServer}},
	}
}

// outcome is what PHP's own word for a failure means.
func ofKind(k protocol.FailureKind) Outcome {
	ran := true
	switch k {
	case protocol.FailedUnreadable, protocol.FailedRedeclare, protocol.FailedRequest, protocol.FailedChanged, protocol.FailedSkipped:
		ran = false
	}
	return Outcome{string(k), ran, EndedFailed}
}

// Outcomes returns them all, but that of an event that has succeeded.
func Outcomes() []Outcome {
	var all []Outcome
	for _, n := range errs() {
		all = append(all, n.Outcome)
	}
	for _, k := range protocol.FailureKinds() {
		all = append(all, ofKind(k))
	}
	return append(all, otherOutcome())
}

// otherOutcome is that of an error that has no name of its own, which a socket's is.
func otherOutcome() Outcome { return Outcome{"other", true, EndedFailed} }

// Of returns what an event's error means; nil's has no name.
func Of(err error) Outcome {
	if err == nil {
		return Outcome{Ran: true}
	}
	if f, ok := errors.AsType[*protocol.Failure](err); ok {
		return ofKind(f.Kind)
	}
	return find(err).Outcome
}

// Sentinel returns the error by which Of knows what err means. Errors that are alike have the same one, which can be compared.
func Sentinel(err error) error { return find(err).err }

func find(err error) named {
	for _, n := range errs() {
		if errors.Is(err, n.err) {
			return n
		}
	}
	return named{errOther, otherOutcome()}
}
