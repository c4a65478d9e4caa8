package outcome

import (
	"errors"
	"fmt"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestOutcomesHaveNames(t *testing.T) {
	for want, err := range map[string]error{
		"": nil, "unavailable": protocol.ErrUnavailable, "overloaded": protocol.ErrOverloaded, "timeout": protocol.ErrTimeout, "cut_off": protocol.ErrCutOff,
		"malformed": protocol.ErrMalformed, "exit": &protocol.Failure{Kind: protocol.FailedExit}, "fatal": &protocol.Failure{Kind: protocol.FailedFatal},
		"refused": errors.Join(protocol.ErrUnavailable, protocol.ErrRefused), "other": errors.New("else"),
		"queue_wait": ErrQueueWait,
	} {
		if err != nil {
			err = fmt.Errorf("run event: %w", err)
		}
		if got := Of(err).Name; got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
}
