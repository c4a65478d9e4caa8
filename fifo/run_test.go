package fifo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestRunDeliversWhatWritersSend(t *testing.T) {
	c := newCollector()
	p := create(t, Config{Report: c.report})
	run(t, p, c.deliver)
	send(t, p.Path(), `{"to":"*","text":"hé"}`)
	c.wantDoc(t, `{"to":"*","text":"hé"}`)
	send(t, p.Path(), `reload`)
	c.wantDoc(t, `reload`)
	send(t, p.Path(), "[1]\n[2]\nstatus\n")
	for _, want := range []string{`[1]`, `[2]`, `status`} {
		c.wantDoc(t, want)
	}
}

func TestRunDeliversAFloodOnceAndWhole(t *testing.T) {
	const writers, each = 8, 500
	c := newCollector()
	p := create(t, Config{Report: c.report})
	run(t, p, c.deliver)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				send(t, p.Path(), fmt.Sprintf(`{"writer":%d,"number":%d,"pad":%q}`, w, i, strings.Repeat("é", i%900)))
			}
		})
	}
	next := make([]int, writers)
	for range writers * each {
		var w, i int
		doc := receive(t, c.docs, "document")
		if _, err := fmt.Sscanf(doc, `{"writer":%d,"number":%d,`, &w, &i); err != nil {
			t.Fatalf("document %.60q: %v", doc, err)
		}
		if i != next[w] {
			t.Fatalf("writer %d: document %d, want %d", w, i, next[w])
		}
		next[w]++
	}
	wg.Wait()
	if len(c.docs) > 0 || len(c.skipped) > 0 {
		t.Errorf("%d documents and %d reports too many", len(c.docs), len(c.skipped))
	}
}

func TestRunDeliversDocumentsLargerThanThePipe(t *testing.T) {
	c := newCollector()
	// On a busy machine the writer may pause in the middle of the command.
	p := create(t, Config{Report: c.report, Quiet: 500 * time.Millisecond})
	run(t, p, c.deliver)
	big := `{"text":"` + strings.Repeat("日本", 1<<20/6) + `"}`
	for range 3 {
		send(t, p.Path(), big)
		c.wantDoc(t, big)
	}
	large := strings.Repeat("x", 1<<20)
	send(t, p.Path(), large)
	c.wantDoc(t, large)
}

func TestRunDeliversLargeDocumentsOfWritersThatLock(t *testing.T) {
	const writers, each = 4, 10
	c := newCollector()
	p := create(t, Config{Report: c.report})
	run(t, p, c.deliver)
	var wg sync.WaitGroup
	for w := range writers {
		doc := fmt.Sprintf(`{"writer":%d,"text":%q}`, w, strings.Repeat("x", 200<<10))
		wg.Go(func() {
			for range each {
				sendLocked(t, p.Path(), doc)
			}
		})
	}
	counts := map[string]int{}
	for range writers * each {
		doc := receive(t, c.docs, "document")
		counts[doc[:11]]++
	}
	wg.Wait()
	for start, n := range counts {
		if n != each {
			t.Errorf("%d documents start with %s, want %d", n, start, each)
		}
	}
}

func TestRunSkipsWhatIsNoDocument(t *testing.T) {
	c := newCollector()
	p := create(t, Config{Report: c.report, Limit: 1000, Stall: 500 * time.Millisecond})
	run(t, p, c.deliver)
	for _, row := range []struct {
		sent string
		want Skipped
	}{
		{`{"a":]`, Skipped{Invalid, 6}},
		{`{"a":"died in the mid`, Skipped{CutOff, 21}},
		{`["` + strings.Repeat("x", 100<<10) + `"]`, Skipped{TooLarge, 100<<10 + 4}},
	} {
		send(t, p.Path(), row.sent)
		c.wantSkipped(t, row.want)
		send(t, p.Path(), `{"next":1}`)
		c.wantDoc(t, `{"next":1}`)
	}
}

func TestRunHoldsWritersBackWhileDeliverBlocks(t *testing.T) {
	p := create(t, Config{})
	release := make(chan struct{})
	var delivered atomic.Int64
	stop := run(t, p, func(context.Context, []byte) error {
		<-release
		delivered.Add(1)
		return nil
	})
	const docs = 300
	written := make(chan struct{})
	go func() {
		defer close(written)
		for range docs {
			send(t, p.Path(), `{"pad":"`+strings.Repeat("x", 1000)+`"}`)
		}
	}()
	// 300 KB do not fit into a 64 KiB pipe and one 64 KiB read, however the writer and the reader are scheduled.
	waitFor(t, "a full pipe", func() bool { return full(t, p.Path()) })
	select {
	case <-written:
		t.Error("writer was not held back")
	default:
	}
	close(release)
	receive(t, written, "end of the writer")
	if err := stop(); err != nil {
		t.Error(err)
	}
	if n := delivered.Load(); n != docs {
		t.Errorf("%d documents delivered, want %d", n, docs)
	}
}

func TestIdlePipeIsReadOnlyWhenSomethingComes(t *testing.T) {
	c := newCollector()
	p := create(t, Config{Report: c.report})
	counted := &countingSource{source: p.current.source}
	p.current.source = counted
	stop := run(t, p, c.deliver)
	for range 10 {
		// A command takes the quiet time to arrive, in which a spinning reader would read thousands of times.
		send(t, p.Path(), `reload`)
		c.wantDoc(t, `reload`)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	// Each: the data, the silence. At the end: the wait that is interrupted, and the silence of the drain.
	if n := counted.reads.Load(); n > 10*2+2 {
		t.Errorf("%d reads for 10 commands", n)
	}
}

type countingSource struct {
	source
	reads atomic.Int64
}

func (s *countingSource) read(ctx context.Context, p []byte, wait time.Duration) (n, writers int, err error) {
	s.reads.Add(1)
	return s.source.read(ctx, p, wait)
}

func TestWritersDoNotWaitForAReader(t *testing.T) {
	c := newCollector()
	p := create(t, Config{Report: c.report})
	f, err := os.OpenFile(p.Path(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"early":1}`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	run(t, p, c.deliver)
	c.wantDoc(t, `{"early":1}`)
}

func TestRunDrainsThePipeAndMayRunAgain(t *testing.T) {
	c := newCollector()
	p := create(t, Config{Report: c.report})
	for round := range 3 {
		send(t, p.Path(), fmt.Sprintf(`{"round":%d}stop`, round))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.Run(ctx, one(c.deliver)); err != nil {
			t.Fatal(err)
		}
		c.wantDoc(t, fmt.Sprintf(`{"round":%d}`, round))
		c.wantDoc(t, `stop`)
	}
}

func TestRunRefusesToRunTwice(t *testing.T) {
	c := newCollector()
	p := create(t, Config{})
	run(t, p, c.deliver)
	send(t, p.Path(), `[]`)
	c.wantDoc(t, `[]`)
	if err := p.Run(t.Context(), one(c.deliver)); !errors.Is(err, ErrRunning) {
		t.Errorf("second Run: %v, want %v", err, ErrRunning)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Run(t.Context(), one(c.deliver)); !errors.Is(err, ErrClosed) {
		t.Errorf("Run after Close: %v, want %v", err, ErrClosed)
	}
}

func TestSkippedLogsReasonAndSizeOnly(t *testing.T) {
	got := Skipped{Reason: CutOff, Bytes: 7}.LogValue().String()
	if want := "[reason=document cut off bytes=7]"; got != want {
		t.Errorf("logged %s, want %s", got, want)
	}
}
