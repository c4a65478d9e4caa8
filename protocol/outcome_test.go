package protocol

import (
	"errors"
	"fmt"
	"testing"
)

func TestOutcomesHaveNames(t *testing.T) {
	for want, err := range map[string]error{
		"": nil, "unavailable": ErrUnavailable, "overloaded": ErrOverloaded, "timeout": ErrTimeout, "cut_off": ErrCutOff,
		"malformed": ErrMalformed, "exit": &Failure{Kind: FailedExit}, "fatal": &Failure{Kind: FailedFatal},
		"refused": errors.Join(ErrUnavailable, ErrRefused), "other": errors.New("else"),
		"queue_wait": ErrQueueWait,
	} {
		if err != nil {
			err = fmt.Errorf("run event: %w", err)
		}
		if got := OutcomeOf(err).Name; got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
}
