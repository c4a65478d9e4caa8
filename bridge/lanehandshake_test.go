package bridge

import (
	"bytes"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

// The worker opens the row itself only if it has the open event when authenticate ends. echoLane is given it after that, as a worker is whose
// queue was full.
func TestAWorkerLearnsThatAClientIsOpen(t *testing.T) {
	changes := make(chan []byte, 1)
	lane := newEchoLane(t, func(e *protocol.Event) {
		if e.Kind != protocol.Open {
			return
		}
		if e.After {
			t.Error("the open event is said to come before the end of authenticate")
		}
		changes <- bytes.Join(e.Changes.Parts, nil)
	})
	serveEcho(t, lane).connect()
	if got := <-changes; !bytes.Contains(got, []byte("OPEN")) {
		t.Errorf("the open event comes with the changes %q", got)
	}
}
