package resident

import (
	"errors"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestKilledWorkerFailsItsEventAlone(t *testing.T) {
	lane, state, _, all := holdUp(t)
	if _, err := lane.Kill(t.Context(), 1); !errors.Is(err, ErrUnknownWorker) {
		t.Errorf("got %v", err)
	}
	info, err := lane.Kill(t.Context(), 0)
	if err != nil || info.Runs == nil || info.Runs.Client != 7 {
		t.Errorf("got %+v, %v", info, err)
	}
	state.wants(t, "goes on")
	if all[0].wait(t); !errors.Is(all[0].err, errKilled) || !errors.Is(all[0].err, protocol.ErrCutOff) {
		t.Errorf("got %v", all[0].err)
	}
	wantRun(t, []*recorded{all[1], all[3]})
	if all[2].wait(t); !errors.Is(all[2].err, errDropped) {
		t.Errorf("got %v", all[2].err)
	}
	if ended := lane.Report().Ended; len(ended) != 1 || ended[0].Cause != CauseOperator {
		t.Errorf("got %+v", ended)
	}
	await(t, func() bool {
		_, err := lane.Kill(t.Context(), 0) // it may be asked about itself just now
		return errors.Is(err, ErrIdle)
	})
}
