package schedule

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
)

// recorder records which of its events ran. Each waits until the test closes proceed.
type recorder struct {
	work      sync.WaitGroup
	scheduler *Scheduler
	queue     *Queue
	proceed   chan struct{}

	mu      sync.Mutex // guards the fields below
	ran     []string
	dropped []string
}

// withQueue runs a test with a queue of that size.
func withQueue(t *testing.T, maxEvents, maxBytes int, test func(*testing.T, *recorder)) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{proceed: make(chan struct{})}
		r.scheduler = New(4, &r.work)
		defer r.scheduler.Close()
		r.queue = r.scheduler.NewQueue(maxEvents, maxBytes)
		test(t, r)
		r.work.Wait()
	})
}

func (r *recorder) event(text string) Event { return &recorded{recorder: r, text: text} }

func (r *recorder) got() string {
	r.work.Wait()
	return fmt.Sprint(r.ran)
}

type recorded struct {
	Place
	recorder *recorder
	text     string
}

func (e *recorded) Size() int    { return len(e.text) }
func (e *recorded) Terms() Terms { return Terms{} }

func (e *recorded) Run(*Turn, error) bool {
	<-e.recorder.proceed
	e.recorder.mu.Lock()
	defer e.recorder.mu.Unlock()
	e.recorder.ran = append(e.recorder.ran, e.text)
	return true
}

func (e *recorded) Drop() { e.recorder.dropped = append(e.recorder.dropped, e.text) }

func TestQueueKeepsOrderAndBounds(t *testing.T) {
	for name, limits := range map[string][2]int{"number": {2, 1000}, "bytes": {1000, 2}} {
		t.Run(name, func(t *testing.T) {
			withQueue(t, limits[0], limits[1], func(t *testing.T, r *recorder) {
				put := 0
				var writer sync.WaitGroup
				writer.Go(func() {
					for i := range 6 {
						r.queue.Put(r.event(fmt.Sprint(i)))
						put++
					}
				})
				synctest.Wait()
				if put != 3 { // one is current, two wait
					t.Errorf("%d events were taken, want 3", put)
				}
				close(r.proceed)
				writer.Wait()
				if got := r.got(); got != "[0 1 2 3 4 5]" {
					t.Errorf("ran %s", got)
				}
			})
		})
	}
}

func TestQueueIsAwaitedUntilItIsHalfFull(t *testing.T) {
	withQueue(t, 4, 1000, func(t *testing.T, r *recorder) {
		for i := range 5 { // one is current, four wait
			r.queue.Put(r.event(fmt.Sprint(i)))
			synctest.Wait()
		}
		left := make(chan int, 1)
		go func() {
			if r.queue.AwaitHalf() {
				left <- r.queue.Len()
			}
		}()
		for range 2 {
			if synctest.Wait(); len(left) > 0 {
				t.Errorf("%d wait: not awaited", <-left)
			}
			r.proceed <- struct{}{}
		}
		if n := <-left; n > 2 {
			t.Errorf("%d wait", n)
		}
		close(r.proceed)
		r.queue.Last(r.event("last"))
		if r.queue.AwaitHalf() {
			t.Error("it takes more")
		}
	})
}

func TestQueueTakesOneEventOfAnySize(t *testing.T) {
	withQueue(t, 1, 2, func(t *testing.T, r *recorder) {
		close(r.proceed)

		if !r.queue.Put(r.event("larger than all room")) {
			t.Error("refused")
		}
	})
}

func TestQueueLastIsLast(t *testing.T) {
	withQueue(t, 1, 100, func(t *testing.T, r *recorder) {
		r.queue.Put(r.event("runs"))
		synctest.Wait()
		r.queue.Put(r.event("waits"))
		blocked := make(chan bool)
		go func() { blocked <- r.queue.Put(r.event("blocked")) }()
		synctest.Wait()
		if !r.queue.Last(r.event("last")) || r.queue.Last(r.event("after the last")) || r.queue.Offer(r.event("offered")) {
			t.Error("want last taken and what follows refused")
		}
		if <-blocked {
			t.Error("the blocked event was taken after the last")
		}
		close(r.proceed)
		if got := r.got(); got != "[runs waits last]" {
			t.Errorf("ran %s", got)
		}
	})
}

func TestQueueCloseDropsEvents(t *testing.T) {
	withQueue(t, 10, 100, func(t *testing.T, r *recorder) {
		r.queue.Put(r.event("runs"))
		synctest.Wait()
		r.queue.Put(r.event("dropped"))
		r.queue.Close()
		close(r.proceed)
		if got := r.got(); got != "[runs]" || fmt.Sprint(r.dropped) != "[dropped]" {
			t.Errorf("ran %s, dropped %v", got, r.dropped)
		}
	})
}

func TestQueueTakesAnOfferOnlyIfNothingWaits(t *testing.T) {
	withQueue(t, 10, 100, func(t *testing.T, r *recorder) {
		r.queue.Put(r.event("runs"))
		synctest.Wait()
		if !r.queue.Offer(r.event("first")) || r.queue.Offer(r.event("second")) {
			t.Error("want the first offer taken and the second refused")
		}
		close(r.proceed)
	})
}

func TestHeldQueueRunsNothing(t *testing.T) {
	withQueue(t, 10, 100, func(t *testing.T, r *recorder) {
		r.queue.Put(r.event("before"))
		held := make(chan struct{})
		go func() { defer close(held); r.queue.Hold() }()
		synctest.Wait()
		select {
		case <-held:
			t.Error("held while an event runs")
		default:
		}
		r.queue.Put(r.event("meanwhile"))
		close(r.proceed)
		<-held
		if got := r.got(); got != "[before]" || r.queue.Len() != 1 || !r.queue.Busy() {
			t.Errorf("ran %s", got)
		}
		r.queue.Release()
		if got := r.got(); got != "[before meanwhile]" || r.queue.Busy() {
			t.Errorf("ran %s", got)
		}
	})
}

// A drain queues the last event of each queue and then waits for work, while another goroutine may be queuing an event.
func TestWorkCountsAnEventBeforeItIsSubmitted(t *testing.T) {
	withQueue(t, 10, 100, func(t *testing.T, r *recorder) {
		close(r.proceed)
		q := r.queue
		q.mu.Lock()
		q.append(r.event("event"))
		if !q.begin() {
			t.Fatal("the event does not begin")
		}
		q.mu.Unlock()
		waited := make(chan struct{})
		go func() { r.work.Wait(); close(waited) }()
		synctest.Wait()
		select {
		case <-waited:
			t.Error("work does not count the event")
		default:
		}
		q.submit()
		<-waited
	})
}
