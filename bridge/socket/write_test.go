package socket

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

func TestSmallMessagesNeedNoGoroutine(t *testing.T) {
	for name, deflate := range map[string]Deflate{"plain": NoDeflate, "with compression": DeflateApart} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, func(o *Options) { o.Deflate = deflate })
			p.upgrader.Spawn = func(func()) { t.Error("a goroutine was started") }
			small := large("x")[:300] // worth compressing
			p.send(t, small)
			p.upgrader.Broadcast(NewMessage(OpText, []byte("to all")), these(p.Conn), func(_ int, err error) { t.Error(err) })
			p.want(t, small)
			p.want(t, "to all")
			if items, bytes := p.Queued(); items != 0 || bytes != 0 || p.owner.sent.Load() != 2 {
				t.Errorf("%d items of %d bytes are queued, %d were sent", items, bytes, p.owner.sent.Load())
			}
		})
	}
}

func TestSendDoesNotWaitAndLosesNothing(t *testing.T) {
	for name, direct := range map[string]bool{"the kernel's own socket": true, "another one": false} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, nil)
			p.raw.direct = direct
			texts := []string{large("a"), large("b"), "c", large("d"), "e"}
			for _, text := range texts {
				p.send(t, text) // it would be for ever if it waited: nobody reads yet
			}
			for _, text := range texts {
				p.want(t, text)
			}
			p.work.Wait()
			if items, bytes := p.Queued(); items != 0 || bytes != 0 || int(p.owner.sent.Load()) != len(texts) {
				t.Errorf("%d items of %d bytes are queued, %d were sent", items, bytes, p.owner.sent.Load())
			}
		})
	}
}

// Each sender's messages keep their order, and frames stay whole, no matter which goroutine writes them.
func TestSendersKeepTheirOrder(t *testing.T) {
	const senders, each = 8, 200
	p := newPair(t, func(o *Options) { o.SendQueue = senders * each })
	filler := large("x")
	var sending sync.WaitGroup
	for s := range senders {
		sending.Go(func() {
			for i := range each {
				text := fmt.Appendf(nil, "%d %d %s", s, i, filler[:i*i])
				if err := p.Send(NewMessage(OpText, text)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	next := map[int]int{}
	for range senders * each {
		_, got, err := p.client.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		var s, i int
		if _, err := fmt.Sscanf(string(got), "%d %d", &s, &i); err != nil || next[s] != i {
			t.Fatalf("%.20q comes after message %d, %v", got, next[s], err)
		}
		next[s]++
	}
	sending.Wait()
}

func TestBroadcastReachesManyInOrder(t *testing.T) {
	var pairs []*pair
	var conns []*Conn
	for range maxHere + 1 {
		pairs = append(pairs, newPair(t, nil))
		conns = append(conns, pairs[len(pairs)-1].Conn)
	}
	last := len(conns) - 1
	conns[last].Close(4000, "")
	texts := []string{"a", large("b"), "c"}
	for _, text := range texts {
		conns[0].upgrader.Broadcast(NewMessage(OpText, []byte(text)), these(conns...), func(i int, err error) {
			if i != last || !errors.Is(err, ErrClosed) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	for _, p := range pairs[:last] {
		for _, text := range texts {
			p.want(t, text)
		}
	}
	pairs[last].wantClose(t, 4000)
}

// Messages that are broadcast at the same time come in one order to all who get them, few or many. Who is sent all messages from some one
// on gets all of them from that one on, as a client that opens does.
func TestBroadcastsHaveOneOrder(t *testing.T) {
	for _, n := range []int{maxHere, maxHere + 1} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			const senders, each = 4, 250
			var pairs []*pair
			for range n {
				pairs = append(pairs, newPair(t, func(o *Options) { o.SendQueue = senders*each + 1 }))
			}
			var open atomic.Int64
			recipients := func() (conns []*Conn) {
				for _, p := range pairs[:min(int(open.Add(1)), n)] {
					conns = append(conns, p.Conn)
				}
				runtime.Gosched()
				return conns
			}
			var sending sync.WaitGroup
			for s := range senders {
				sending.Go(func() {
					for i := range each {
						m := NewMessage(OpText, fmt.Append(nil, s, i))
						pairs[0].upgrader.Broadcast(m, recipients, func(_ int, err error) { t.Error(err) })
					}
				})
			}
			sending.Wait()
			all := pairs[0].texts(t, senders*each)
			for i, p := range pairs[1:] {
				want := all[i+1:]
				if got := p.texts(t, len(want)); !slices.Equal(got, want) {
					t.Errorf("recipient %d got %q, want %q", i+1, got, want)
				}
			}
		})
	}
}

// A client may be dropped in the middle of a frame: the close frame must not become a part of it.
func TestDropKeepsFramesWhole(t *testing.T) {
	p := newPair(t, nil)
	var write func()
	p.upgrader.Spawn = func(f func()) { write = f } // not before the drop
	p.send(t, large("a"))
	p.send(t, large("dropped"))
	p.DropAndClose(1013, "too slow")
	p.work.Go(write)
	p.want(t, large("a"))
	p.wantClose(t, 1013)
	if isSlow := <-p.owner.ended; isSlow {
		t.Error("the writer did not come to its end")
	}
}

func TestSendToAClientThatIsGone(t *testing.T) {
	p := newPair(t, nil)
	p.client.Close()
	p.Abort()
	p.send(t, "x")
	if isSlow := <-p.owner.ended; isSlow {
		t.Error("a client that is gone counts as slow")
	}
	if err := p.Send(NewMessage(OpText, nil)); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestClientThatDoesNotReadIsSlow(t *testing.T) {
	p := newPair(t, func(o *Options) { o.WriteTimeout = 100 * time.Millisecond })
	p.send(t, large("a"))
	if isSlow := <-p.owner.ended; !isSlow {
		t.Error("the write has ended in another way")
	}
}

func TestCloseIsWrittenOnceAndLast(t *testing.T) {
	p := newPair(t, nil)
	p.send(t, "one")
	p.Close(4000, "over")
	p.Close(1000, "not sent")
	if err := p.Send(NewMessage(OpText, nil)); !errors.Is(err, ErrClosed) {
		t.Errorf("send after close: %v", err)
	}
	p.work.Go(func() { p.readsAll() })
	p.want(t, "one")
	p.wantClose(t, 4000)
	p.client.Close()
	<-p.owner.closed
	if isSlow := <-p.owner.ended; isSlow || len(p.owner.ended) > 0 {
		t.Errorf("the writer has ended: slow is %v, and %d times more", isSlow, len(p.owner.ended))
	}
}

func TestPongsAndPingsKeepTheOrderOfMessages(t *testing.T) {
	p := newPair(t, nil)
	var got []string
	p.client.SetPongHandler(func(data string) error { got = append(got, "pong "+data); return nil })
	p.client.SetPingHandler(func(string) error { got = append(got, "ping"); return nil })
	p.work.Go(func() { p.readsAll() })
	if err := p.client.WriteMessage(websocket.PingMessage, []byte("1")); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); p.owner.sent.Load() == 0; {
		if time.Now().After(deadline) {
			t.Fatal("no pong")
		}
	}
	p.send(t, large("a"))
	if err := p.Send(NewMessage(OpPing, nil)); err != nil {
		t.Fatal(err)
	}
	p.send(t, "b")
	p.want(t, large("a"))
	got = append(got, "a")
	p.want(t, "b")
	if fmt.Sprint(got) != "[pong 1 a ping]" {
		t.Errorf("got %q", got)
	}
}
