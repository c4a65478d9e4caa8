package bridge

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/wsbridge/wsbridge/protocol"
)

// recorder runs errands one after another and notes their payloads; each waits for a word from the test.
type recorder struct {
	work sync.WaitGroup
	go_  chan struct{}
	mu   sync.Mutex // guards ran
	ran  []string
}

func newRecorder() *recorder { return &recorder{go_: make(chan struct{})} }

func (r *recorder) spawn(f func()) { r.work.Go(f) }

func (r *recorder) run(e errand) {
	<-r.go_
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ran = append(r.ran, string(e.payload))
}

func (r *recorder) got() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprint(r.ran)
}

func text(s string) errand { return errand{kind: protocol.Text, payload: []byte(s)} }

func TestMailboxKeepsOrderAndBounds(t *testing.T) {
	for name, limits := range map[string][2]int{"number": {2, 1000}, "bytes": {1000, 2}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRecorder()
				m := newMailbox(limits[0], limits[1], r.spawn, r.run)
				put := 0
				var writer sync.WaitGroup
				writer.Go(func() {
					for i := range 6 {
						m.put(text(fmt.Sprint(i)))
						put++
					}
				})
				synctest.Wait()
				if put != 3 { // one runs, two wait
					t.Errorf("%d events were taken, want 3", put)
				}
				close(r.go_)
				writer.Wait()
				r.work.Wait()
				if got := r.got(); got != "[0 1 2 3 4 5]" {
					t.Errorf("ran %s", got)
				}
			})
		})
	}
}

func TestMailboxTakesOneEventOfAnySize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		close(r.go_)
		m := newMailbox(1, 2, r.spawn, r.run)
		if !m.put(text("larger than all room")) {
			t.Error("refused")
		}
		r.work.Wait()
	})
}

func TestMailboxLastIsLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		m := newMailbox(1, 100, r.spawn, r.run)
		m.put(text("runs"))
		synctest.Wait()
		m.put(text("waits"))
		blocked := make(chan bool)
		go func() { blocked <- m.put(text("blocked")) }()
		synctest.Wait()
		if !m.last(text("last")) || m.last(text("after the last")) || m.offer(text("offered")) {
			t.Error("want last taken and what follows refused")
		}
		if <-blocked {
			t.Error("the blocked event was taken behind the last")
		}
		close(r.go_)
		r.work.Wait()
		if got := r.got(); got != "[runs waits last]" {
			t.Errorf("ran %s", got)
		}
	})
}

func TestMailboxCloseDropsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		m := newMailbox(10, 100, r.spawn, r.run)
		m.put(text("runs"))
		synctest.Wait()
		told := false
		e := text("dropped")
		e.after = func(done *protocol.Done, err error) { told = done == nil && err == nil }
		m.put(e)
		m.close()
		close(r.go_)
		r.work.Wait()
		if got := r.got(); got != "[runs]" || !told {
			t.Errorf("ran %s, told %v", got, told)
		}
	})
}

func TestMailboxOffersOnlyIntoAnEmptyQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		m := newMailbox(10, 100, r.spawn, r.run)
		m.put(text("runs"))
		synctest.Wait()
		if !m.offer(text("first")) || m.offer(text("second")) {
			t.Error("want the first offer taken and the second refused")
		}
		close(r.go_)
		r.work.Wait()
	})
}
