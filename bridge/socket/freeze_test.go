package socket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// noise is a text that takes room even when it is compressed.
var noise = func() string {
	source := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 1<<18)
	for i := range b {
		b[i] = byte(' ' + source.IntN(90))
	}
	return string(b)
}()

// waysOn are what may follow after Freeze.
func waysOn() map[string]func(*mover, *testing.T) {
	return map[string]func(*mover, *testing.T){"moved": (*mover).move, "thawed": (*mover).thaw}
}

func (m *mover) thaw(*testing.T) { m.Thaw() }

// fill sends large texts until no more are taken, and returns them.
func (m *mover) fill(t *testing.T) (texts []string) {
	t.Helper()
	for {
		text := fmt.Sprint(len(texts), noise)
		if err := m.Send(NewMessage(OpText, []byte(text))); errors.Is(err, ErrFull) {
			return texts
		} else if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
}

// awaitSent waits until nothing is queued and the owners have been told of n messages together.
func (m *mover) awaitSent(t *testing.T, n int) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		sent := 0
		for _, o := range m.owners {
			sent += int(o.sent.Load())
		}
		if items, _ := m.Queued(); items == 0 && sent == n {
			return
		}
		if time.Now().After(end) || sent > n {
			t.Fatalf("the owners were told of %d messages, want %d", sent, n)
		}
	}
}

// A client that does not read has a frame that is half written, and others that wait. No byte of them is lost or doubled.
func TestWhatIsQueuedMoves(t *testing.T) {
	for _, deflate := range []Deflate{NoDeflate, DeflateApart} {
		for how, goOn := range waysOn() {
			t.Run(fmt.Sprint(how, ", deflate ", deflate), func(t *testing.T) {
				m := newMover(t, func(o *Options) { o.Deflate, o.SendQueue = deflate, 4 })
				texts := m.fill(t)
				for range 2 {
					m.freeze(t)
					if err := m.Send(NewMessage(OpText, nil)); !errors.Is(err, ErrFull) {
						t.Errorf("while it is frozen, a full queue says: %v", err)
					}
					goOn(m, t)
				}
				for _, text := range texts {
					m.want(t, text)
				}
				m.send(t, "end")
				m.want(t, "end")
				m.awaitSent(t, len(texts)+1)
				for _, old := range m.moved {
					if u := old.upgrader; u.Sending.Used() != 0 || u.Reading.Used() != 0 {
						t.Errorf("%d and %d bytes are held by one that has moved", u.Sending.Used(), u.Reading.Used())
					}
				}
				if n := m.upgrader.Sending.Used(); n != 0 {
					t.Errorf("%d bytes are held of what was written", n)
				}
			})
		}
	}
}

// What is sent while the connection is frozen waits, and keeps its order.
func TestWhatIsSentToAFrozenConnWaits(t *testing.T) {
	for how, goOn := range waysOn() {
		t.Run(how, func(t *testing.T) {
			m := newMover(t, nil)
			m.send(t, "before")
			m.freeze(t)
			m.send(t, "first")
			if m.upgrader.Sending.Used() == 0 {
				t.Error("a message that waits for the thaw takes no budget")
			}
			m.upgrader.Broadcast(NewMessage(OpText, []byte("second")), these(m.Conn), func(_ int, err error) { t.Error(err) })
			if items, bytes := m.Queued(); items != 2 || bytes != len("firstsecond") || m.owner.sent.Load() != 1 {
				t.Errorf("%d items of %d bytes are queued, %d were sent", items, bytes, m.owner.sent.Load())
			}
			goOn(m, t)
			m.send(t, "third")
			for _, text := range []string{"before", "first", "second", "third"} {
				m.want(t, text)
			}
			m.awaitSent(t, 4)
		})
	}
}

// Others may send at any time: nothing is lost, doubled or out of order.
func TestFreezeWhileOthersSend(t *testing.T) {
	const senders, each = 4, 300
	m := newMover(t, func(o *Options) { o.SendQueue = senders * each })
	var sending sync.WaitGroup
	for s := range senders {
		sending.Go(func() {
			for i := range each {
				if err := m.Send(NewMessage(OpText, fmt.Appendf(nil, "%d %d %s", s, i, noise[:i*20]))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	stop := make(chan struct{})
	sending.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				m.freeze(t)
				m.Thaw()
			}
		}
	})
	next := map[int]int{}
	for range senders * each {
		_, got, err := m.client.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		var s, i int
		if _, err := fmt.Sscanf(string(got), "%d %d", &s, &i); err != nil || next[s] != i {
			t.Errorf("%.20q comes after message %d, %v", got, next[s], err)
		}
		next[s]++
		m.sends(t, frameOf(0x81, "up"))
		m.wantRead(t, "up")
	}
	close(stop)
	sending.Wait()
}

func TestAClientMayEndWhileFrozen(t *testing.T) {
	for what, end := range map[string]struct {
		does func(*mover)
		want outcome.Ending
	}{
		"hangs up":            {func(m *mover) { m.client.Close() }, outcome.EndedByHangup},
		"sends a close frame": {func(m *mover) { _, _ = m.client.NetConn().Write(frameOf(0x88, "\x0f\xa0")) }, outcome.EndedByClient},
	} {
		for how, goOn := range waysOn() {
			t.Run(what+", "+how, func(t *testing.T) {
				m := newMover(t, nil)
				m.freeze(t)
				end.does(m)
				for !arrived(t, m.pair) {
				}
				goOn(m, t)
				got := <-m.ends
				if got.Ending != end.want {
					t.Errorf("got %+v", got)
				}
				m.Close(got.Code, got.Reason)
				m.client.Close()
				<-m.owner.closed
			})
		}
	}
}

func TestConnsThatEndDoNotMove(t *testing.T) {
	for what, ends := range map[string]func(*testing.T, *mover){
		"closed": func(_ *testing.T, m *mover) { m.Close(4000, "") },
		"closed, with a frame that waits": func(t *testing.T, m *mover) {
			m.fill(t)
			m.Close(4000, "")
		},
		"close frame has come": func(t *testing.T, m *mover) {
			if _, err := m.client.NetConn().Write(frameOf(0x88, "")); err != nil {
				t.Fatal(err)
			}
			m.ends <- <-m.ends
		},
		"evicted": func(t *testing.T, m *mover) {
			m.sends(t, frameOf(0x01, noise[:smallRead]))
			m.sends(t, frameOf(0x00, noise[:smallRead]))
			m.evictReading()
		},
	} {
		t.Run(what, func(t *testing.T) {
			m := newMover(t, func(o *Options) { o.SendQueue = 5 })
			ends(t, m)
			if err := m.Freeze(t.Context()); !errors.Is(err, ErrClosing) {
				t.Errorf("got %v", err)
			}
			if _, err := m.State(new(Messages)); !errors.Is(err, ErrNotFrozen) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A connection that is closed while it is frozen stays, and is closed after what was sent.
func TestCloseWhileFrozen(t *testing.T) {
	m := newMover(t, nil)
	m.freeze(t)
	m.send(t, "last")
	m.Close(4000, "over")
	if _, err := m.State(new(Messages)); !errors.Is(err, ErrClosing) {
		t.Errorf("got %v", err)
	}
	m.Thaw()
	m.want(t, "last")
	m.wantClose(t, 4000)
	m.client.Close()
	<-m.owner.closed
}

// If the reader does not come to rest in time, the connection goes on.
func TestFreezeEndsWithItsContext(t *testing.T) {
	m := newMover(t, nil)
	free := make(chan struct{})
	m.owner.busy = func() { <-free }
	m.sends(t, frameOf(0x81, "message"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := m.Freeze(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := m.State(new(Messages)); !errors.Is(err, ErrNotFrozen) {
		t.Errorf("got %v", err)
	}
	m.send(t, "down")
	m.want(t, "down")
	close(free)
	m.wantRead(t, "message")
	m.owner.busy = nil
	m.sends(t, frameOf(0x81, "another"))
	m.wantRead(t, "another")
	m.freeze(t)
	m.move(t)
}

// The time in which nothing is read is neither silence of the client nor time that it takes for a message. The time before is.
func TestFrozenTimeDoesNotCount(t *testing.T) {
	for how, goOn := range waysOn() {
		for _, counts := range []bool{false, true} {
			t.Run(fmt.Sprint(how, ", counts is ", counts), func(t *testing.T) {
				m := newMover(t, func(o *Options) { o.MessageTimeout = patience / 2 })
				m.sends(t, frameOf(0x01, "a"))
				m.freeze(t)
				m.mu.Lock()
				m.since, m.aliveFrom = m.since.Add(-time.Hour), m.aliveFrom.Add(-time.Hour)
				if !counts {
					m.paused.since = m.paused.since.Add(-time.Hour)
				}
				m.mu.Unlock()
				goOn(m, t)
				if counts {
					if end := <-m.ends; end.Ending != outcome.EndedUnfinished {
						t.Errorf("got %+v", end)
					}
					return
				}
				m.sends(t, frameOf(0x80, "b"))
				m.wantRead(t, "ab")
			})
		}
	}
}

func TestReleaseTellsTheOwnerNothing(t *testing.T) {
	m := newMover(t, nil)
	old, was := m.Conn, m.owner
	m.Release() // not frozen: nothing happens
	m.freeze(t)
	m.freeze(t) // again: it still is
	m.send(t, "queued")
	m.move(t)
	if err := old.Send(NewMessage(OpText, nil)); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := old.Descriptor(func(uintptr) {}); err == nil {
		t.Error("the descriptor is open")
	}
	if err := old.Freeze(t.Context()); !errors.Is(err, ErrClosing) {
		t.Errorf("got %v", err)
	}
	old.Thaw()
	old.Close(4000, "")
	m.want(t, "queued")
	m.client.Close()
	if end := <-m.ends; end.IsMove() || end.Ending != outcome.EndedByHangup {
		t.Errorf("got %+v", end)
	}
	select {
	case <-was.closed:
		t.Error("the owner was told of the end")
	case isSlow := <-was.ended:
		t.Errorf("the owner was told of the writer's end, slow is %v", isSlow)
	default:
	}
}

func TestOnlyTheKernelsOwnSocketsMove(t *testing.T) {
	m := newMover(t, nil)
	c := &Conn{conn: tls.Server(m.conn, nil), raw: newRawConn(tls.Server(m.conn, nil))}
	if err := c.Freeze(t.Context()); c.CanMove() || !errors.Is(err, ErrFixed) {
		t.Errorf("got %v", err)
	}
	if err := c.Descriptor(func(uintptr) { t.Error("it has a descriptor") }); !errors.Is(err, ErrFixed) {
		t.Errorf("got %v", err)
	}
}

// The client of a connection whose descriptor another process has a copy of sees that this one closes it.
func TestASharedConnEndsForTheClient(t *testing.T) {
	for what, end := range map[string]func(*mover){
		"with a close frame": func(m *mover) { m.Close(1000, "") },
		"without one":        func(m *mover) { m.Close(0, "") },
		"at once":            func(m *mover) { m.Abort() },
	} {
		m := newMover(t, nil)
		if !m.Share() {
			t.Fatalf("%s: it is not open", what)
		}
		theirs := duplicate(t, m.Conn)
		end(m)
		there := m.client.NetConn()
		_ = there.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, there); isTimeout(err) {
			t.Errorf("%s: the client does not see the end", what)
		}
		<-m.ends
		if m.Share() {
			t.Errorf("%s: it can be shared after its end", what)
		}
		theirs.Close()
	}
}
