package conformance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// repeat is a payload of exactly that size.
func repeat(pattern string, size int) string {
	return strings.Repeat(pattern, size/len(pattern)+1)[:size]
}

func TestSizes(t *testing.T) {
	const kilo, mega = 1 << 10, 1 << 20
	s := serve(t, harness.Echo, "")
	kinds := []struct {
		op      byte
		pattern string
	}{{opText, "BAsd7&jh23"}, {opBinary, "\x00\xfe\x23\xfa\xf0"}}
	run := func(id string, f frame, bytes []byte, chop int) {
		t.Run(id, func(t *testing.T) {
			p := s.In(t).Peer()
			echoed := make(chan struct{})
			go func() { defer close(echoed); p.Chop(bytes, chop) }() // a client that only writes would wait for ever
			p.Want(f)
			<-echoed
			p.Bye()
		})
	}
	for kind, k := range kinds {
		for i, size := range []int{64 * kilo, 256 * kilo, mega, 4 * mega, 8 * mega, 16 * mega} {
			f := frame{Op: k.op, Payload: repeat(k.pattern, size)}
			run(fmt.Sprintf("9.%d.%d", kind+1, i+1), f, f.Append(nil), 1<<30)
		}
		whole := frame{Op: k.op, Payload: repeat(k.pattern, 4*mega)}
		for i, size := range []int{64, 256, kilo, 4 * kilo, 16 * kilo, 64 * kilo, 256 * kilo, mega, 4 * mega} {
			run(fmt.Sprintf("9.%d.%d", kind+3, i+1), whole, harness.AppendAll(nil, harness.Fragments(k.op, whole.Payload, size)), 1<<30)
		}
		chopped := frame{Op: k.op, Payload: repeat(k.pattern, mega)}
		for i, size := range []int{64, 128, 256, 512, kilo, 2 * kilo} {
			run(fmt.Sprintf("9.%d.%d", kind+5, i+1), chopped, chopped.Append(nil), size)
		}
	}
}

// TestRoundTrips makes fewer round trips than Autobahn's 1000 in each case, which are about speed.
func TestRoundTrips(t *testing.T) {
	const n = 50
	s := serve(t, harness.Echo, emptyText)
	for i, size := range []int{0, 16, 64, 256, 1024, 4096} {
		for kind, f := range []frame{text(strings.Repeat("*", size)), bin(strings.Repeat("\xfe", size))} {
			t.Run(fmt.Sprintf("9.%d.%d", kind+7, i+1), func(t *testing.T) {
				t.Parallel()
				p := s.In(t).Peer()
				for range n {
					p.Send(f)
					p.Want(f)
				}
				p.Bye()
			})
		}
	}
	t.Run("10.1.1", func(t *testing.T) {
		t.Parallel()
		p := s.In(t).Peer()
		f := text(strings.Repeat("*", 65536))
		p.Send(harness.Fragments(opText, f.Payload, 1300)...)
		p.Want(f)
		p.Bye()
	})
}

func TestTheLongestMessage(t *testing.T) {
	const limit = 64 << 10
	s := serve(t, harness.Echo, "server.max_message = \"64KiB\"\n")
	most := text(strings.Repeat("*", limit))
	over := text(most.Payload + "*")
	play(t, s, []exchange{
		{id: "the limit", send: []frame{most}, want: []frame{most}},
		{id: "the limit, in fragments", send: harness.Fragments(opText, most.Payload, 1000), want: []frame{most}},
		{id: "the limit, twice", send: []frame{most, most}, want: []frame{most, most}},
		{id: "one more", send: []frame{over}, code: 1009},
		{id: "one more, in fragments", send: harness.Fragments(opText, over.Payload, 1000), code: 1009},
		{id: "one more, binary", send: []frame{bin(over.Payload)}, code: 1009},
	})
	for id, head := range map[string][]byte{
		"2 GiB are announced":                 text("").AppendHead(nil, 2<<30, harness.Shortest, true),
		"8 EiB are announced":                 text("").AppendHead(nil, 1<<63-1, harness.Shortest, true),
		"2 GiB are announced in a fragment":   rest("").AppendHead(text("*").Part().Append(nil), 2<<30, harness.Shortest, true),
		"limit and one, in fragments at once": rest("").AppendHead(text("*").Part().Append(nil), limit, harness.Shortest, true),
	} {
		t.Run(id, func(t *testing.T) { // without the payload
			t.Parallel()
			p := s.In(t).Peer()
			p.Write(append(head, 1, 2, 3, 4))
			p.Closes(1009)
		})
	}
}
