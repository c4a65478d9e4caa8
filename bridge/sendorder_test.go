package bridge

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

// sending is an order of sends with a journal of what has been carried out.
type sending struct {
	sendOrder
	mu      sync.Mutex // guards journal
	journal []string
}

func newSending(effects, size int) *sending {
	s := &sending{}
	s.room = func() (int, int) { return effects, size }
	return s
}

func (s *sending) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = append(s.journal, line)
}

// wants fails the test unless that has been carried out since the last call.
func (s *sending) wants(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.journal, want) {
		t.Fatalf("got %q, want %q", s.journal, want)
	}
	s.journal = nil
}

// testEvent is an event of a client, whose key is its name.
type testEvent struct {
	eventSends
	in   *sending
	full chan struct{} // gets one when PHP has to wait, which it has to once at most
}

func (s *sending) event(own int64) *testEvent {
	e := &testEvent{in: s, full: make(chan struct{}, 1)}
	e.order, e.maker, e.own = &s.sendOrder, e, own
	return e
}

func (e *testEvent) holdsPHP() { e.full <- struct{}{} }

func (e *testEvent) carryOut(f *protocol.Effect) {
	switch m := messageOf(f); {
	case m != nil:
		e.in.note(fmt.Sprint(e.own, " ", string(m.Payload)))
	case f.Close != nil:
		e.in.note(fmt.Sprint(e.own, " closes ", f.Close.Client))
	case f.Log != nil:
		e.in.note(fmt.Sprint(e.own, " logs"))
	}
}

// send sends a text to clients, or to all open ones if none is named. What held it is overwritten, as it may be.
func (e *testEvent) send(text string, to ...int64) {
	payload := []byte(text)
	e.eventSends.carryOut(&protocol.Effect{Send: &protocol.Send{To: protocol.Recipients{Open: to == nil, Keys: to}, Payload: payload}})
	clear(payload)
}

func (e *testEvent) close(client int64) {
	e.eventSends.carryOut(&protocol.Effect{Close: &protocol.Close{Client: client}})
}

func (e *testEvent) log() { e.eventSends.carryOut(&protocol.Effect{Log: &protocol.Log{}}) }

// ends ends the event and notes when all is carried out. It reports whether that is now.
func (e *testEvent) ends() bool {
	done := func() { e.in.note(fmt.Sprint(e.own, " ends")) }
	now := e.end(func() {}, done)
	if now {
		done()
	}
	return now
}

// isEmpty fails the test if something is left.
func (s *sending) isEmpty(t *testing.T) {
	t.Helper()
	if s.sender != nil || s.waiting != nil || s.effects != 0 || s.size != 0 {
		t.Errorf("left: %v, %v, %d effects of %d bytes", s.sender, s.waiting, s.effects, s.size)
	}
}

func TestWhatOneEventSendsToOthersStaysTogether(t *testing.T) {
	s := newSending(100, 1000)
	one, two, three := s.event(1), s.event(2), s.event(3)
	one.send("a", 1)
	one.send("b", 2)
	two.send("a", 2)
	two.send("b", 7)
	three.send("a")
	one.send("c")
	two.send("c", 7, 8)
	s.wants(t, "1 a", "1 b", "2 a", "1 c")
	if !one.ends() || three.ends() {
		t.Error("the first has nothing to wait for, and the third waits for the second")
	}
	s.wants(t, "2 b", "2 c", "1 ends")
	two.send("d")
	s.wants(t, "2 d")
	two.ends()
	s.wants(t, "3 a", "3 ends", "2 ends")
	s.isEmpty(t)
}

func TestNothingOvertakesWhatItsRecipientIsStillToGet(t *testing.T) {
	for name, tt := range map[string]struct {
		kept []int64
		now  []string // what the second event can do while its message is kept
	}{
		"all":                   {nil, []string{"2 logs"}},
		"its own client, too":   {[]int64{7, 2}, []string{"2 logs"}},
		"others":                {[]int64{7, 8}, []string{"2 own", "2 logs", "2 closes 2"}},
		"one other":             {[]int64{7}, []string{"2 own", "2 logs", "2 closes 2"}},
		"the first one's owner": {[]int64{1}, []string{"2 own", "2 logs", "2 closes 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSending(100, 1000)
			one, two := s.event(1), s.event(2)
			one.send("a")
			two.send("b", tt.kept...)
			two.send("own", 2)
			two.close(7)
			two.log()
			two.send("more", 9)
			two.close(2)
			s.wants(t, append([]string{"1 a"}, tt.now...)...)
			one.ends()
			want := slices.DeleteFunc([]string{"2 b", "2 own", "2 closes 7", "2 more", "2 closes 2"}, func(line string) bool {
				return slices.Contains(tt.now, line)
			})
			s.wants(t, append(want, "1 ends")...)
			two.ends()
			s.isEmpty(t)
		})
	}
}

// The next worker is filled only then.
func TestEventsOfTheLaneThatWaitAreAwaited(t *testing.T) {
	s := newSending(100, 1000)
	await := func() chan error {
		awaited := make(chan error, 1)
		go func() { awaited <- s.awaitLane(t.Context()) }()
		return awaited
	}
	one, two, three := s.event(1), s.event(2), s.event(3)
	two.inOrder, three.inOrder = true, true
	if err := <-await(); err != nil {
		t.Error(err)
	}
	one.send("a")
	two.send("b")
	three.send("c", 3)
	if two.ends() || three.ends() {
		t.Error("one of the lane does not wait for the first")
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.awaitLane(canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	first, second := await(), await()
	one.ends()
	if err := errors.Join(<-first, <-second); err != nil {
		t.Error(err)
	}
	s.wants(t, "1 a", "2 b", "2 ends", "3 c", "3 ends", "1 ends")
	s.isEmpty(t)
}

// Nor does an event that sends to nobody else, or only closes others.
func TestEventThatIsAloneOrSendsToItsOwnClientNeverWaits(t *testing.T) {
	s := newSending(0, 0) // so that it would block
	for range 2 {
		one, two := s.event(1), s.event(2)
		one.send("a")
		two.send("own", 2)
		two.close(7)
		two.close(2)
		if !two.ends() || !one.ends() {
			t.Error("one of them waits")
		}
		s.wants(t, "1 a", "2 own", "2 closes 7", "2 closes 2", "2 ends", "1 ends")
	}
	server := s.event(0)
	server.send("a", 1)
	server.ends()
	s.isEmpty(t)
}

// Without room PHP waits, but not for longer than the event before it runs.
func TestThereIsRoomForSoMuch(t *testing.T) {
	for name, tt := range map[string]struct{ effects, size int }{
		"effects": {2, 1000},
		"bytes":   {100, 2 * (1 + 8)}, // each with a byte and a key
	} {
		t.Run(name, func(t *testing.T) {
			s := newSending(tt.effects, tt.size)
			one, two, three := s.event(1), s.event(2), s.event(3)
			one.send("a", 9)
			two.send("a", 9)
			three.send("a", 9)
			var running sync.WaitGroup
			for _, e := range []*testEvent{two, three} {
				running.Go(func() {
					e.send("b", 9)
					e.endAndWait(func() {})
				})
				<-e.full
			}
			s.wants(t, "1 a")
			one.endAndWait(func() {})
			running.Wait()
			s.wants(t, "2 a", "2 b", "3 a", "3 b")
			s.isEmpty(t)
		})
	}
}

// How many clients have events at the same time under stress, and how many each.
const stressClients, stressEvents = 8, 200

// Many events run beside each other, as fast as they can.
func TestSendOrderUnderStress(t *testing.T) {
	for name, room := range map[string]int{"much room": 1 << 20, "little room": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const most = 6
			s := newSending(room, 1<<20)
			var running sync.WaitGroup
			for own := range int64(stressClients) {
				running.Go(func() {
					for n := range stressEvents {
						s.event(own+1).runAtRandom(n, rand.N(most))
					}
				})
			}
			running.Wait()
			s.isEmpty(t)
			s.checkOrder(t)
		})
	}
}

// runAtRandom sends texts "N I WHOM" to others, all or the event's own client.
func (e *testEvent) runAtRandom(n, texts int) {
	for i := range texts {
		switch text := fmt.Sprint(n, " ", i); rand.N(3) {
		case 0:
			e.send(text+" own", e.own)
		case 1:
			e.send(text+" other", e.own+1)
		case 2:
			e.send(text + " all")
		}
	}
	e.endAndWait(func() {})
	e.in.note(fmt.Sprintf("%d %d ends", e.own, n))
}

// checkOrder fails the test if an event's messages to others are torn apart, or if some recipient gets its messages in another order.
func (s *sending) checkOrder(t *testing.T) {
	t.Helper()
	last := map[string]int{} // of the messages of an event that its own client gets, and that all get
	ended := map[string]bool{}
	sent := map[string]bool{} // events that have sent to others, before sender
	sender := ""
	for _, line := range s.journal {
		var own, n, i int
		var whom string
		if _, err := fmt.Sscan(line, &own, &n, &i, &whom); err != nil {
			ended[strings.TrimSuffix(line, " ends")] = true
			continue
		}
		event := fmt.Sprint(own, " ", n)
		if ended[event] {
			t.Fatalf("%q comes after the end of its event", line)
		}
		for _, get := range map[string][]string{"own": {"own"}, "other": {"other"}, "all": {"own", "other"}}[whom] {
			if before, ok := last[event+get]; ok && before > i {
				t.Fatalf("%q comes after message %d", line, before)
			}
			last[event+get] = i
		}
		if whom == "own" || event == sender {
			continue
		}
		if sent[event] {
			t.Fatalf("%q comes after a message of %s", line, sender)
		}
		sent[sender], sender = true, event
	}
	if len(ended) != stressClients*stressEvents {
		t.Errorf("%d events have ended", len(ended))
	}
}
