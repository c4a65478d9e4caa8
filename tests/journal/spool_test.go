package journal

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// While php-fpm is away for long, documents wait in the journal, more of them than the queue in memory has room for, and run in order when it
// is back.
func TestDocumentsWaitForPHP(t *testing.T) {
	t.Parallel()
	fpm := harness.StartFPM(t, 2)
	a := app("")
	a.TOML = fpm.Config() + "php.unavailable_wait = \"1s\"\n" + a.TOML
	s := harness.Serve(t, a)
	s.Connect()
	fpm.Stop()
	const documents = 1500 // more than 1024
	var want []string
	for i := range documents {
		accept(s, document(i))
		want = append(want, "document "+document(i))
	}
	if j := journalOf(s); j.Documents+j.Begun != documents || j.Oldest == nil {
		t.Errorf("got %+v", j)
	}
	s.Log.Wait("php-fpm is away")
	fpm.Start()
	awaitRan(s, want[documents-1])
	if got := ran(s, "document"); !slices.Equal(got, want) {
		t.Errorf("%d ran, the first %v and the last %v", len(got), got[:3], got[len(got)-3:])
	}
	harness.Eventually(t, "nothing waits", func() bool { j := journalOf(s); return j.Documents+j.Begun == 0 })
	if n := harness.Metric(t, s.Metrics(), "wsbridge_journal_documents_waiting"); n != 0 {
		t.Errorf("the metric says %v", n)
	}
}

// A journal that is full lets writers wait. When there is room again, what they have written runs.
func TestAFullJournalLetsWritersWait(t *testing.T) {
	t.Parallel()
	fpm := harness.StartFPM(t, 2)
	a := app("max_size = \"1MiB\"\n")
	a.TOML = fpm.Config() + a.TOML
	s := harness.Serve(t, a)
	s.Connect()
	fpm.Stop()
	// JSON, since two texts could be taken for one.
	big := func(i int) string { return fmt.Sprintf(`{"number":%d,"long":"%0500000d"}`, i, 0) }
	accept(s, "first") // which goes on trying to reach php-fpm
	accept(s, big(1))
	accept(s, big(2))
	if err := s.Order("POST", "/v1/fifo?wait=0", big(3), nil); err == nil {
		t.Error("a third was accepted")
	}
	written := make(chan struct{})
	go func() { // the first is read, and waits for room; the second is not
		defer close(written)
		s.WritePipe(big(4))
		s.WritePipe(big(5))
	}()
	select {
	case <-written:
		t.Error("the writer does not wait")
	case <-time.After(300 * time.Millisecond):
	}
	fpm.Start()
	<-written
	for _, i := range []int{1, 2, 4, 5} {
		awaitRan(s, "document "+big(i))
	}
}
