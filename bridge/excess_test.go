package bridge

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

func TestClientsOverALimitAreLoggedOncePerInterval(t *testing.T) {
	var log bytes.Buffer
	x := newExcess(slog.New(slog.NewTextHandler(&log, nil)))
	for range 2 {
		for i := range 300 {
			if first := x.isFirst(outcome.EndedFlood); first != (i == 0) {
				t.Fatalf("flood %d is first: %v", i, first)
			}
		}
		if !x.isFirst(outcome.EndedSlow) {
			t.Error("another limit was taken for the same")
		}
		x.flush()
		if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "ending=flood clients=299") {
			t.Errorf("got %s", got)
		}
		log.Reset()
	}
	x.flush()
	if log.Len() > 0 {
		t.Errorf("got %s after a calm", log.String())
	}
}
