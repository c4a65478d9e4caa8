package conformance

import (
	"fmt"
	"strings"
	"testing"
)

// repeat is a payload of exactly that size.
func repeat(pattern string, size int) string {
	return strings.Repeat(pattern, size/len(pattern)+1)[:size]
}

func TestSizes(t *testing.T) {
	const kilo, mega = 1 << 10, 1 << 20
	s := serve(t, echo(t), "")
	kinds := []struct {
		op      byte
		pattern string
	}{{opText, "BAsd7&jh23"}, {opBinary, "\x00\xfe\x23\xfa\xf0"}}
	run := func(id string, f frame, bytes []byte, chop int) {
		t.Run(id, func(t *testing.T) {
			p := s.connect(t)
			echoed := make(chan struct{})
			go func() { defer close(echoed); p.chop(bytes, chop) }() // who only writes would wait for ever
			p.want(f)
			<-echoed
			p.bye()
		})
	}
	for kind, k := range kinds {
		for i, size := range []int{64 * kilo, 256 * kilo, mega, 4 * mega, 8 * mega, 16 * mega} {
			f := frame{op: k.op, payload: repeat(k.pattern, size)}
			run(fmt.Sprintf("9.%d.%d", kind+1, i+1), f, f.append(nil), 1<<30)
		}
		whole := frame{op: k.op, payload: repeat(k.pattern, 4*mega)}
		for i, size := range []int{64, 256, kilo, 4 * kilo, 16 * kilo, 64 * kilo, 256 * kilo, mega, 4 * mega} {
			run(fmt.Sprintf("9.%d.%d", kind+3, i+1), whole, appendFrames(nil, fragments(k.op, whole.payload, size)), 1<<30)
		}
		chopped := frame{op: k.op, payload: repeat(k.pattern, mega)}
		for i, size := range []int{64, 128, 256, 512, kilo, 2 * kilo} {
			run(fmt.Sprintf("9.%d.%d", kind+5, i+1), chopped, chopped.append(nil), size)
		}
	}
}

// TestRoundTrips has fewer of them than Autobahn's 1000 in each case: they ask for speed, and bench measures that.
func TestRoundTrips(t *testing.T) {
	const n = 50
	s := serve(t, echo(t), emptyText)
	for i, size := range []int{0, 16, 64, 256, 1024, 4096} {
		for kind, f := range []frame{text(strings.Repeat("*", size)), bin(strings.Repeat("\xfe", size))} {
			t.Run(fmt.Sprintf("9.%d.%d", kind+7, i+1), func(t *testing.T) {
				t.Parallel()
				p := s.connect(t)
				for range n {
					p.send(f)
					p.want(f)
				}
				p.bye()
			})
		}
	}
	t.Run("10.1.1", func(t *testing.T) {
		t.Parallel()
		p := s.connect(t)
		f := text(strings.Repeat("*", 65536))
		p.send(fragments(opText, f.payload, 1300)...)
		p.want(f)
		p.bye()
	})
}

func TestTheLongestMessage(t *testing.T) {
	const limit = 64 << 10
	s := serve(t, echo(t), "server.max_message = \"64KiB\"\n")
	most := text(strings.Repeat("*", limit))
	over := text(most.payload + "*")
	play(t, s, []exchange{
		{id: "the limit", send: []frame{most}, want: []frame{most}},
		{id: "the limit, in fragments", send: fragments(opText, most.payload, 1000), want: []frame{most}},
		{id: "the limit, twice", send: []frame{most, most}, want: []frame{most, most}},
		{id: "one more", send: []frame{over}, code: 1009},
		{id: "one more, in fragments", send: fragments(opText, over.payload, 1000), code: 1009},
		{id: "one more, binary", send: []frame{bin(over.payload)}, code: 1009},
	})
	for id, head := range map[string][]byte{
		"2 GiB are announced":                 text("").appendHead(nil, 2<<30, shortest, true),
		"8 EiB are announced":                 text("").appendHead(nil, 1<<63-1, shortest, true),
		"2 GiB are announced in a fragment":   rest("").appendHead(text("*").part().append(nil), 2<<30, shortest, true),
		"limit and one, in fragments at once": rest("").appendHead(text("*").part().append(nil), limit, shortest, true),
	} {
		t.Run(id, func(t *testing.T) { // and nothing of them comes
			t.Parallel()
			p := s.connect(t)
			p.write(append(head, 1, 2, 3, 4))
			p.closes(1009)
		})
	}
}
