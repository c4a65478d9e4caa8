package conformance

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// sample is data of a kind that compresses well, or badly.
type sample struct {
	op   byte
	data func(n int, r *rand.Rand) string // some piece of it
}

func samples() []sample {
	letters := func(n int, r *rand.Rand) string {
		return []string{"Faust", "der Tragödie", "erster Teil", "habe nun", "ach", "Philosophie"}[r.IntN(6)] + " "
	}
	noise := func(n int, r *rand.Rand) string {
		return string([]byte{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())})
	}
	return []sample{
		{opText, func(n int, r *rand.Rand) string {
			return fmt.Sprintf(`{"id":%d,"value":%d,"name":"n%d"},`, n, r.IntN(1000), n%7)
		}},
		{opBinary, noise},
		{opBinary, letters},
		{opText, func(n int, r *rand.Rand) string {
			return fmt.Sprintf("<li class=\"c%d\"><a href=\"/%d\">%d</a></li>\n", n%3, r.IntN(100), n)
		}},
		{opBinary, func(n int, r *rand.Rand) string { return letters(n, r) + noise(n, r) + noise(n, r) }},
	}
}

// message is one of that size, each another one.
func (s sample) message(size int, r *rand.Rand) frame {
	var b strings.Builder
	for n := r.IntN(1000); b.Len() < size; n++ {
		b.WriteString(s.data(n, r))
	}
	return frame{Op: s.op, Payload: b.String()[:size]}
}

// shape tells how messages are sent: their size, and the size of fragments, 0 for none.
type shape struct{ size, each int }

// shapes are those of Autobahn's sections 12 and 13, in its order.
func shapes() []shape {
	var all []shape
	for _, size := range []int{16, 64, 256, 1 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10} {
		all = append(all, shape{size, 0})
	}
	for _, size := range []int{8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10} {
		all = append(all, shape{size, 256})
	}
	return append(all, shape{128 << 10, 1 << 10}, shape{128 << 10, 4 << 10}, shape{128 << 10, 32 << 10})
}

// converse sends messages and wants each of them back. Autobahn sends 1000.
func converse(p *harness.Peer, s sample, form shape) {
	p.T.Helper()
	const n = 3
	r := rand.New(rand.NewPCG(uint64(form.size), uint64(form.each)))
	for range n {
		f := s.message(form.size, r)
		sent := f
		if p.Extensions != "" {
			sent = harness.Compressed(f)
		}
		if form.each == 0 {
			p.Send(sent)
		} else {
			parts := harness.Fragments(sent.Op, sent.Payload, form.each)
			parts[0].RSV = sent.RSV
			p.Send(parts...)
		}
		if got := p.Inflated(); got != f {
			p.T.Fatalf("got %v, want %v", got, f)
		}
	}
	p.Bye()
}

func TestCompression(t *testing.T) {
	s := serve(t, harness.Echo, harness.Compression)
	for kind, sample := range samples() {
		for i, form := range shapes() {
			t.Run(fmt.Sprintf("12.%d.%d", kind+1, i+1), func(t *testing.T) {
				t.Parallel()
				p := s.In(t).Peer(harness.Offer)
				if p.Extensions != harness.Agreement {
					t.Fatalf("agreed to %q", p.Extensions)
				}
				converse(p, sample, form)
			})
		}
	}
}

// TestCompressionIsNegotiated makes Autobahn's offers. Autobahn reports a declined offer as not implemented.
func TestCompressionIsNegotiated(t *testing.T) {
	const client = "; client_no_context_takeover; client_max_window_bits"
	const deflate = "Sec-WebSocket-Extensions: permessage-deflate"
	s := serve(t, harness.Echo, harness.Compression)
	for i, row := range []struct{ offer, agreement string }{
		{deflate + client, harness.Agreement},
		{deflate + client + "; server_no_context_takeover", harness.Agreement},
		{deflate + client + "; server_max_window_bits=9", ""},
		{deflate + client + "; server_max_window_bits=15", ""},
		{deflate + client + "; server_no_context_takeover; server_max_window_bits=9", ""},
		{deflate + client + "; server_no_context_takeover; server_max_window_bits=15", ""},
		{deflate + client + "; server_no_context_takeover; server_max_window_bits=9, permessage-deflate" + client +
			"; server_no_context_takeover, permessage-deflate" + client, harness.Agreement},
	} {
		for j, form := range shapes() {
			t.Run(fmt.Sprintf("13.%d.%d", i+1, j+1), func(t *testing.T) {
				t.Parallel()
				p := s.In(t).Peer(row.offer)
				if p.Extensions != row.agreement {
					t.Fatalf("agreed to %q, want %q", p.Extensions, row.agreement)
				}
				converse(p, samples()[0], form)
			})
		}
	}
}

// TestACompressorMayGoOn holds that a client that does not offer to compress its messages apart is not asked to: some ignore that.
func TestACompressorMayGoOn(t *testing.T) {
	s := serve(t, harness.Echo, harness.Compression)
	for name, offer := range map[string]string{"a browser's": "permessage-deflate; client_max_window_bits", "the shortest": "permessage-deflate"} {
		t.Run(name, func(t *testing.T) {
			p := s.In(t).Peer("Sec-WebSocket-Extensions: " + offer)
			if want := "permessage-deflate; server_no_context_takeover"; p.Extensions != want {
				t.Fatalf("agreed to %q, want %q", p.Extensions, want)
			}
			c := harness.NewCompressor()
			hello, long := text("Hello, world! Hello again!"), text(noise(70_000))
			first := c.Compressed(hello)
			second := c.Compressed(hello)
			if len(second.Payload) >= len(first.Payload) {
				t.Fatal("the second message does not refer to the first")
			}
			p.Send(first, second)
			p.Want(hello, hello)
			for _, f := range []frame{long, long, hello} {
				parts := harness.Fragments(f.Op, c.Compressed(f).Payload, 1000)
				parts[0].RSV = harness.RSV1
				p.Send(parts...)
				if got := p.Inflated(); got != f {
					t.Fatalf("got %v, want %v", got, f)
				}
			}
			p.Send(hello)
			p.Send(c.Compressed(hello)) // what is not compressed is no part of the window
			p.Want(hello, hello)
			p.Bye()
		})
	}
}

func TestExtensionsThatAreNotAgreedTo(t *testing.T) {
	with, without := serve(t, harness.Echo, harness.Compression), serve(t, harness.Echo, "")
	hello := text("Hello, world!")
	for name, row := range map[string]struct {
		s      *harness.Server
		offer  string
		status int
	}{
		"compression is off":  {without, "permessage-deflate", 101},
		"unknown extension":   {with, "permessage-bzip2; level=9, x-webkit-deflate-frame", 101},
		"unknown parameter":   {with, "permessage-deflate; colour=green", 101},
		"impossible value":    {with, "permessage-deflate; client_max_window_bits=99", 101},
		"no list":             {with, "permessage-deflate; =", 400},
		"no list, and it off": {without, "permessage deflate", 400},
	} {
		t.Run(name, func(t *testing.T) {
			p, response := row.s.In(t).Handshake("Sec-WebSocket-Extensions: " + row.offer)
			if response.StatusCode != row.status || p.Extensions != "" {
				t.Fatalf("got %s, agreed to %q", response.Status, p.Extensions)
			}
			if row.status != 101 {
				return
			}
			p.Send(hello)
			p.Want(hello)
			p.Send(harness.Compressed(hello))
			p.Closes(1002)
		})
	}
}

func TestCompressedFrames(t *testing.T) {
	s := serve(t, harness.Echo, harness.Compression+emptyText+"server.max_message = \"1MiB\"\n")
	hello, large := text("Hello, world!"), text(strings.Repeat("Grüße ", 100_000))
	packed := harness.Compressed(hello)
	twoParts := []frame{packed.Part(), rest(packed.Payload[5:])}
	twoParts[0].Payload = packed.Payload[:5]
	marked := []frame{twoParts[0], twoParts[1].Reserved(harness.RSV1)}
	bomb := harness.Compressed(text(strings.Repeat("\x00", 16<<20)))
	bombParts := harness.Fragments(opText, bomb.Payload, 1000)
	bombParts[0].RSV = harness.RSV1
	for name, x := range map[string]exchange{
		"not compressed":               {send: []frame{hello}, want: []frame{hello}},
		"one and the other, by turns":  {send: []frame{packed, hello, hello, packed}, want: []frame{hello, hello, hello, hello}},
		"in fragments, a ping between": {send: []frame{twoParts[0], ping("p"), twoParts[1]}, want: []frame{pong("p"), hello}},
		"chopped":                      {send: []frame{packed, packed}, chop: 1, want: []frame{hello, hello}},
		"empty":                        {send: []frame{text("\x00").Reserved(harness.RSV1)}, want: []frame{text("")}},
		"empty binary":                 {send: []frame{bin("\x00").Reserved(harness.RSV1)}, want: []frame{bin("")}},
		"a final block":                {send: []frame{text("\xf3\x48\xcd\xc9\xc9\x07\x00\x00").Reserved(harness.RSV1)}, want: []frame{text("Hello")}},
		"large":                        {send: []frame{harness.Compressed(large)}, want: []frame{large}},
		"marked in a continuation":     {send: marked, code: 1002},
		"ping":                         {send: []frame{ping("a").Reserved(harness.RSV1)}, code: 1002},
		"close":                        {send: []frame{closing(1000, "").Reserved(harness.RSV1)}, code: 1002},
		"not utf-8":                    {send: []frame{harness.Compressed(text("a\xff"))}, code: 1007},
		"not utf-8, and not complete":  {send: []frame{harness.Compressed(text("a\xff" + noise(40_000))).Part()}, code: 1007},
		"broken":                       {send: []frame{text("\xff\xff\xff\xff").Reserved(harness.RSV1)}, code: 1002},
		"cut short":                    {send: []frame{text("\xf2\x48\xcd").Reserved(harness.RSV1)}, code: 1002},
		"bomb":                         {send: []frame{bomb}, code: 1009},
		"bomb in fragments":            {send: bombParts, code: 1009},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := s.In(t).Peer(harness.Offer)
			b := harness.AppendAll(nil, x.send)
			p.Chop(b, max(x.chop, len(b)*(1-x.chop)))
			for _, f := range x.want {
				if got := p.Inflated(); got != f {
					t.Fatalf("got %v, want %v", got, f)
				}
			}
			if x.code != 0 {
				p.Closes(x.code)
			} else {
				p.Bye()
			}
		})
	}
}

// noise is text that compresses by a quarter at most.
func noise(size int) string {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(' ' + r.IntN(90))
	}
	return string(b)
}

func TestBroadcastReachesCompressedAndOthers(t *testing.T) {
	s := serve(t, `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { return True; }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { broadcast_to_all(str_repeat($msg,1000)); }
`, harness.Compression)
	a, b, plain := s.Peer(harness.Offer), s.Peer(harness.Offer), s.Peer()
	a.Send(text("to all "))
	want := text(strings.Repeat("to all ", 1000))
	if got := plain.Next(); got != want {
		t.Errorf("not compressed: %v", got)
	}
	first, second := a.Next(), b.Next()
	if first.RSV != harness.RSV1 || len(first.Payload) > 200 || first != second {
		t.Errorf("compressed: %v and %v", first, second)
	}
	a.Send(harness.Compressed(text("again ")))
	if got := b.Inflated(); got != text(strings.Repeat("again ", 1000)) {
		t.Errorf("got %v", got)
	}
}
