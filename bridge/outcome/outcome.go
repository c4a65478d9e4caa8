package outcome

import (
	"errors"
	"slices"

	"github.com/wsbridge/wsbridge/protocol"
)

// Outcome is how an event without a done line ends, and what that means for its client. docs/endings.md has a table of them.
type Outcome struct {
	Name string // in logs and metrics
	// Ran says that a handler may have run, wholly or in part. Such an event is never run again.
	Ran bool
	// Ending of the client: EndedBusy always ends it, EndedFailed only if php.on_error is "close". With any other, the client has ended
	// before.
	Ending Ending
}

// named is an error with its outcome.
type named struct {
	err error
	Outcome
}

// errs returns the errors in the order in which they are tried: one error may wrap several.
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

// ofKind returns the outcome of a failure that PHP has reported.
func ofKind(k protocol.FailureKind) Outcome {
	ran := true
	switch k {
	case protocol.FailedUnreadable, protocol.FailedRedeclare, protocol.FailedRequest, protocol.FailedChanged, protocol.FailedSkipped:
		ran = false
	}
	return Outcome{string(k), ran, EndedFailed}
}

// Outcomes returns all outcomes, except that of success.
func Outcomes() []Outcome {
	var all []Outcome
	for _, n := range errs() {
		all = append(all, n.Outcome)
	}
	for _, k := range protocol.FailureKinds() {
		if o := ofKind(k); !slices.Contains(all, o) { // a time limit has the same outcome with and without a line
			all = append(all, o)
		}
	}
	return append(all, otherOutcome())
}

// otherOutcome is the outcome of an error without a name, such as that of a socket.
func otherOutcome() Outcome { return Outcome{"other", true, EndedFailed} }

// Of returns the outcome of an event with that error. That of nil has no name.
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
