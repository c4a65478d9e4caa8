package schedule

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestWorkersWaitForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var work sync.WaitGroup
		c := &crowd{t: t, queued: true, scheduler: New(2, &work)}
		for range 3 {
			c.add("event", Terms{})
		}
		waiting := func() int {
			synctest.Wait()
			c.scheduler.mu.Lock()
			defer c.scheduler.mu.Unlock()
			return len(c.scheduler.idle)
		}
		work.Wait()
		if n := waiting(); n != 2 {
			t.Errorf("%d workers wait, want as many as events may run beside each other", n)
		}
		for range 10 { // one event at a time keeps one worker
			c.add("event", Terms{})
			work.Wait()
		}
		if n := waiting(); n != 1 {
			t.Errorf("%d workers wait, want 1", n)
		}
		time.Sleep(3 * workerIdle)
		if n := waiting(); n != 0 {
			t.Errorf("%d workers wait for ever", n)
		}
		c.add("event", Terms{})
		work.Wait()
		c.scheduler.Close()
		if n := waiting(); n != 0 {
			t.Errorf("%d workers wait in a closed scheduler", n)
		}
	})
}
