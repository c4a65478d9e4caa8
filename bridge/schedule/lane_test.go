package schedule

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lane is a scheduler whose events wait in Enter.
type lane struct {
	t         *testing.T
	scheduler *Scheduler
	group     sync.WaitGroup
}

func withLane(t *testing.T, test func(*testing.T, *lane)) {
	synctest.Test(t, func(t *testing.T) {
		l := &lane{t: t}
		l.scheduler = New(2, &l.group)
		test(t, l)
		l.group.Wait()
		l.scheduler.Close()
		if s := l.scheduler; s.lane.running != 0 || s.lane.alone != 0 || s.lane.waiting != 0 {
			t.Errorf("at the end %d run, %d wait", s.lane.running, s.lane.waiting)
		}
	})
}

// enter waits for a turn in the background. The channel gives the turn.
func (l *lane) enter(terms Terms) <-chan *Turn {
	terms.Lane = true
	admitted := make(chan *Turn, 1)
	l.group.Go(func() {
		turn, err := l.scheduler.Enter(l.t.Context(), terms)
		if err != nil {
			l.t.Error(err)
		}
		admitted <- turn
	})
	synctest.Wait()
	return admitted
}

func (l *lane) wants(n int, of ...<-chan *Turn) {
	l.t.Helper()
	synctest.Wait()
	admitted := 0
	for _, c := range of {
		admitted += len(c)
	}
	if admitted != n {
		l.t.Errorf("%d have a turn, want %d", admitted, n)
	}
}

func TestTurnInTheLaneBecomesAloneIfNothingIsOutside(t *testing.T) {
	withLane(t, func(t *testing.T, l *lane) {
		turn := <-l.enter(Terms{})
		outside, err := l.scheduler.Enter(t.Context(), Terms{})
		if err != nil {
			t.Fatal(err)
		}
		if turn.BeAlone() {
			t.Error("it is alone beside one outside")
		}
		outside.Leave()
		if first, again := turn.BeAlone(), turn.BeAlone(); !first || !again || !turn.Covers(true, true) {
			t.Error("it is not alone")
		}
		waits := make(chan *Turn, 1)
		l.group.Go(func() {
			outside, _ := l.scheduler.Enter(t.Context(), Terms{})
			waits <- outside
		})
		l.wants(0, waits)
		turn.Leave()
		(<-waits).Leave()
	})
}

func TestManyHandshakesInTheLaneHoldUpNoOthersForLong(t *testing.T) {
	withLane(t, func(t *testing.T, l *lane) {
		l.scheduler.SetPace(1)
		const storm = 10 * maxHandshakes
		var turns []<-chan *Turn
		for range storm {
			turns = append(turns, l.enter(Terms{Class: Handshake}))
		}
		message := l.enter(Terms{})
		first := -1
		for i, c := range turns {
			synctest.Wait()
			if len(message) == 1 && first < 0 {
				first = i
				(<-message).Leave()
			}
			(<-c).Leave()
		}
		if first < 0 || first > 2*maxHandshakes {
			t.Errorf("the message ran after %d handshakes", first)
		}
	})
}

// What waits for a lane that is held up waits in time, beside what runs outside of it, and goes on in order.
func TestHeldLaneAdmitsNothing(t *testing.T) {
	both(t, 2, func(t *testing.T, c *crowd) {
		c.scheduler.SetPace(1)
		c.scheduler.HoldLane(true)
		c.add("first", Terms{Lane: true})
		c.add("late", Terms{Lane: true, Limit: 2 * time.Second})
		c.add("outside", Terms{})
		c.add("second", Terms{Lane: true, Alone: true})
		time.Sleep(5 * time.Second)
		c.scheduler.HoldLane(false)
		if got := c.got(); got != "outside@0 late@2:the event's turn did not come in time first@5 second@6" {
			t.Errorf("got %s", got)
		}
	})
}
