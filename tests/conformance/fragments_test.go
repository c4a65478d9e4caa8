package conformance

import (
	"fmt"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestFragments(t *testing.T) {
	const chopped, whole = 1, 0
	one, two, both := text("fragment1").Part(), rest("fragment2"), text("fragment1fragment2")
	stray, hello := rest("no message begun"), text("Hello, world!")
	cases := []exchange{
		{id: "5.1", send: []frame{ping("fragment1").Part(), two}, code: 1002},
		{id: "5.2", send: []frame{pong("fragment1").Part(), two}, code: 1002},
		{id: "5.15", send: []frame{one, two, rest("fragment3").Part(), text("fragment4")}, want: []frame{both}, code: 1002},
		{id: "5.16", send: []frame{stray.Part(), text("fragment2").Part(), rest("fragment3")}, code: 1002},
		{id: "5.17", send: []frame{stray, text("fragment2").Part(), rest("fragment3")}, code: 1002},
		{id: "5.18", send: []frame{one, text("fragment2")}, code: 1002},
		{id: "binary within text", send: []frame{one, bin("fragment2")}, code: 1002},
		{id: "close within a message", send: []frame{one, closing(1000, "")}, code: 1000},
		{id: "fragmented close", send: []frame{closing(1000, "").Part()}, code: 1002},
	}
	// The packets' borders make no difference: all in one, a frame in each, a byte in each.
	for i, chop := range []int{whole, 15, chopped} {
		cases = append(cases,
			exchange{id: fmt.Sprint("5.", 3+i), send: []frame{one, two}, chop: chop, want: []frame{both}},
			exchange{id: fmt.Sprint("5.", 6+i), send: []frame{one, ping("within"), two}, chop: chop, want: []frame{pong("within"), both}},
			exchange{id: fmt.Sprint("5.", 9+i), send: []frame{stray, hello}, chop: chop, code: 1002},
			exchange{id: fmt.Sprint("5.", 12+i), send: []frame{stray.Part(), hello}, chop: chop, code: 1002})
	}
	s := serve(t, harness.Echo, "")
	play(t, s, cases)
	for i, chop := range []int{whole, chopped} {
		t.Run(fmt.Sprint("5.", 19+i), func(t *testing.T) {
			t.Parallel()
			p := s.In(t).Peer()
			write := func(frames ...frame) {
				b := harness.AppendAll(nil, frames)
				p.Chop(b, max(chop, len(b)*(1-chop)))
			}
			write(one, two.Part(), ping("pongme 1!"))
			p.Want(pong("pongme 1!")) // while the message is under way
			write(rest("fragment3").Part(), rest("fragment4").Part(), ping("pongme 2!"), rest("fragment5"))
			p.Want(pong("pongme 2!"), text("fragment1fragment2fragment3fragment4fragment5"))
			p.Bye()
		})
	}
}

// silent fails the test if anything comes for a moment.
func silent(p *harness.Peer) {
	p.T.Helper()
	_ = p.Conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if f, err := p.ReadFrame(); err == nil {
		p.T.Fatalf("got %v, want nothing", f)
	}
	_ = p.Conn.SetReadDeadline(time.Now().Add(harness.Patience))
}
