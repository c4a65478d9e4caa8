package journal

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestSyncIsNotPutOff: a document is on the disk Options.Sync after it was accepted, also if other files are written to later.
func TestSyncIsNotPutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := mustOpen(t, t.TempDir(), Options{Sync: time.Minute})
		id := mustAccept(t, j, "text")
		accepted := j.committed.Load()
		time.Sleep(50 * time.Second)
		mustBegin(t, j, id, 100+id)
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if got := j.synced.Load(); got < accepted {
			t.Errorf("after more than Sync commit %d was synced last, and the document is in %d", got, accepted)
		}
		mustClose(t, j)
	})
}
