package protocol

import "errors"

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
		{ErrRefused, Outcome{"refused", false, EndedBusy}},
		{ErrOverloaded, Outcome{"overloaded", false, EndedBusy}},
		{ErrUnavailable, Outcome{"unavailable", false, EndedBusy}},
		{ErrNoRoom, Outcome{"no_room", false, EndedBusy}},
		{ErrQueueWait, Outcome{"queue_wait", false, EndedBusy}},
		{ErrAway, Outcome{"away", false, EndedRefused}},
		{ErrGone, Outcome{"gone", false, EndedByHandler}},
		{ErrTimeout, Outcome{"timeout", true, EndedFailed}},
		{ErrCutOff, Outcome{"cut_off", true, EndedFailed}},
		{ErrMalformed, Outcome{"malformed", true, EndedFailed}},
		{ErrDrained, Outcome{"drained", true, EndedByServer}},
		{ErrStopped, Outcome{"stopped", false, EndedByServer}},
	}
}

// outcome is what PHP's own word for a failure means.
func (k FailureKind) outcome() Outcome {
	ran := true
	switch k {
	case FailedUnreadable, FailedRedeclare, FailedRequest, FailedChanged, FailedSkipped:
		ran = false
	}
	return Outcome{string(k), ran, EndedFailed}
}

// FailureKinds returns them all.
func FailureKinds() []FailureKind {
	return []FailureKind{FailedFatal, FailedException, FailedExit, FailedUnreadable, FailedRedeclare, FailedRequest, FailedChanged,
		FailedSkipped}
}

// Outcomes returns them all, but that of an event that has succeeded.
func Outcomes() []Outcome {
	var all []Outcome
	for _, n := range errs() {
		all = append(all, n.Outcome)
	}
	for _, k := range FailureKinds() {
		all = append(all, k.outcome())
	}
	return append(all, otherOutcome())
}

// otherOutcome is that of an error that has no name of its own, which a socket's is.
func otherOutcome() Outcome { return Outcome{"other", true, EndedFailed} }

// OutcomeOf returns what an event's error means; nil's has no name.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return Outcome{Ran: true}
	}
	if f, ok := errors.AsType[*Failure](err); ok {
		return f.Kind.outcome()
	}
	for _, n := range errs() {
		if errors.Is(err, n.err) {
			return n.Outcome
		}
	}
	return otherOutcome()
}
