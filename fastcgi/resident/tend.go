package resident

import (
	"slices"
	"time"
)

// tend checks the idle workers every second, and has those leave that were idle for long, until the lane is closed.
func (p *Pool) tend() {
	tick := time.NewTicker(checkInterval)
	defer tick.Stop()
	for {
		select {
		case <-p.lane.duty.Done():
			return
		case <-tick.C:
			p.checkIdle()
		}
	}
}

func (p *Pool) checkIdle() {
	for w := p.takeUnchecked(); w != nil; w = p.takeUnchecked() {
		w.check()
		p.put(w)
	}
}

// takeUnchecked returns an idle worker that was not checked in this interval, or nil.
func (p *Pool) takeUnchecked() *besideWorker {
	longest := p.lane.config().BesideIdle
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := 0; i < len(p.idle); {
		w := p.idle[i]
		if time.Since(w.checked) < checkInterval/2 {
			i++
			continue
		}
		p.idle = slices.Delete(p.idle, i, i+1)
		p.busy.Add(1)
		if time.Since(w.since) < longest {
			w.checked = time.Now()
			return w
		}
		p.dismiss(w, wasIdle)
	}
	return nil
}

// renew replaces all workers, each after its current event. There may be that many from now on.
func (p *Pool) renew(limit int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.age++
	p.limit, p.most, p.retry = limit, limit, time.Time{}
	for len(p.idle) > 0 {
		p.dismiss(p.pop(), replacedPool)
	}
}

// close has all workers leave, and blocks until they have ended. Events that run go on.
func (p *Pool) close() {
	p.mu.Lock()
	p.closed = true
	for len(p.idle) > 0 {
		p.dismiss(p.pop(), serverEnds)
	}
	p.mu.Unlock()
	p.busy.Wait()
}
