package socket

import (
	"errors"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

func TestWhatIsWrittenAtOnceTakesNoBudget(t *testing.T) {
	p := newPair(t, nil)
	p.upgrader.Sending.SetLimit(1)
	p.upgrader.Connections = these(p.Conn)
	p.send(t, "a")
	p.send(t, "b")
	p.want(t, "a")
	p.want(t, "b")
	if p.owner.evicted || p.upgrader.Sending.Used() != 0 {
		t.Errorf("%d bytes are held", p.upgrader.Sending.Used())
	}
}

func TestAMessageCountsOnceForAllWhoWaitForIt(t *testing.T) {
	a, b := newPair(t, nil), newPair(t, nil)
	b.queue.budget = &a.upgrader.Sending
	m := NewMessage(OpText, []byte(large("x")))
	for range 2 {
		a.upgrader.Broadcast(m, these(a.Conn, b.Conn), func(_ int, err error) { t.Error(err) })
	}
	if got, want := a.upgrader.Sending.Used(), len(m.frame)+overhead; got != want {
		t.Errorf("%d bytes are held, want %d", got, want)
	}
	for _, p := range []*pair{a, b} {
		p.want(t, large("x"))
		p.want(t, large("x"))
	}
	a.work.Wait()
	b.work.Wait()
	if got := a.upgrader.Sending.Used(); got != 0 {
		t.Errorf("%d bytes are held of what was written", got)
	}
}

func TestTheLargestQueueIsEvicted(t *testing.T) {
	small, largest := newPair(t, nil), newPair(t, nil)
	u := small.upgrader
	largest.upgrader, largest.queue.budget = u, &u.Sending
	u.Connections = these(small.Conn, largest.Conn)
	u.Sending.SetLimit(12 << 18)
	for range 20 {
		largest.send(t, large("x"))
	}
	for range 2 {
		small.send(t, large("y"))
	}
	if small.owner.evicted || !largest.owner.evicted {
		t.Errorf("evicted: the smaller one %v, the largest %v; %d bytes are held", small.owner.evicted, largest.owner.evicted, u.Sending.Used())
	}
	if got := u.Sending.Used(); got > 12<<18 {
		t.Errorf("%d bytes are held", got)
	}
}

func TestEvictionEndsReadingWhereverItIs(t *testing.T) {
	p := newPair(t, nil)
	if _, err := p.client.NetConn().Write([]byte("\x81\xff\x00\x00\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00begun")); err != nil {
		t.Fatal(err)
	}
	ends := make(chan *End)
	p.KeepAlive(patience)
	go func() {
		_, _, end := p.Read()
		ends <- end
	}()
	for deadline := time.Now().Add(patience); p.upgrader.Reading.Used() == 0; {
		if time.Now().After(deadline) {
			t.Fatal("nothing is held of a message that is read")
		}
	}
	p.evictReading()
	if end := <-ends; end == nil || end.Ending != outcome.EndedMemory || end.Code != 1013 || !errors.Is(end.Err, errEvicted) {
		t.Errorf("got %+v", end)
	}
	if got := p.upgrader.Reading.Used(); got != 0 {
		t.Errorf("%d bytes are held", got)
	}
}

// A buffer for a message that is announced is not larger than that, and one for many fragments not much larger than they are.
func TestBuffersAreNotMuchLargerThanMessages(t *testing.T) {
	for name, row := range map[string]struct{ announced, have, want int }{
		"little has come": {1 << 20, 1 << 10, 2 << 10},
		"an eighth":       {1 << 20, 1 << 17, 1<<20 + 1},
		"fragments":       {1 << 20, 1 << 20, 1<<20 + 1<<18},
		"a few bytes":     {10, 11, 11 + minGrowth},
	} {
		m := incoming{conn: &Conn{check: frameCheck{length: int64(row.announced)}}, data: make([]byte, row.have)}
		if got := m.nextSize(); got != row.want {
			t.Errorf("%s: got %d, want %d", name, got, row.want)
		}
	}
}
