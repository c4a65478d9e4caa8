package resident

import "testing"

func TestBootedWorkerIsTheFirst(t *testing.T) {
	lane := newTestLane(t, echoApp)
	if err := lane.Boot(t.Context()); err != nil {
		t.Fatal(err)
	}
	spare := lane.takeSpare()
	if spare == nil || !spare.Filled.IsZero() {
		t.Fatalf("got %+v", spare)
	}
	lane.keep(spare)
	if err := lane.Start(t.Context(), testState{}); err != nil {
		t.Fatal(err)
	}
	if w := lane.current(); w == nil || w.PID != spare.PID {
		t.Errorf("worker %+v runs events, and %d was booted", w, spare.PID)
	}
}

func TestStartAfterABootWhoseWorkerHasEnded(t *testing.T) {
	lane := newTestLane(t, echoApp)
	if err := lane.Boot(t.Context()); err != nil {
		t.Fatal(err)
	}
	spare := lane.takeSpare()
	lane.keep(spare)
	spare.kill()
	if err := lane.Start(t.Context(), testState{}); err != nil {
		t.Fatal(err)
	}
	x := newRecorded(1, 1, "hi")
	lane.Run(x)
	if x.wait(t).err != nil {
		t.Error(x.err)
	}
}
