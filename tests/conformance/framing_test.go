package conformance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestFraming(t *testing.T) {
	var cases []exchange
	for i, size := range []int{0, 125, 126, 127, 128, 65535, 65536, 65536} {
		chop := 0
		if i == 7 {
			chop = 997
		}
		for kind, f := range []frame{text(strings.Repeat("*", size)), bin(strings.Repeat("\xfe", size))} {
			cases = append(cases, exchange{id: fmt.Sprintf("1.%d.%d", kind+1, i+1), send: []frame{f}, chop: chop, want: []frame{f}})
		}
	}
	play(t, serve(t, harness.Echo, emptyText), cases)
}

func TestPingsAndPongs(t *testing.T) {
	const odd = "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
	long := strings.Repeat("\xfe", 125)
	var pings, pongs []frame
	for i := range 10 {
		payload := fmt.Sprint("payload-", i)
		pings, pongs = append(pings, ping(payload)), append(pongs, pong(payload))
	}
	play(t, serve(t, harness.Echo, ""), []exchange{
		{id: "2.1", send: []frame{ping("")}, want: []frame{pong("")}},
		{id: "2.2", send: []frame{ping("Hello, world!")}, want: []frame{pong("Hello, world!")}},
		{id: "2.3", send: []frame{ping(odd)}, want: []frame{pong(odd)}},
		{id: "2.4", send: []frame{ping(long)}, want: []frame{pong(long)}},
		{id: "2.5", send: []frame{ping(long + "\xfe")}, code: 1002},
		{id: "2.6", send: []frame{ping(long)}, chop: 1, want: []frame{pong(long)}},
		{id: "2.7", send: []frame{pong("")}},
		{id: "2.8", send: []frame{pong("unsolicited")}},
		{id: "2.9", send: []frame{pong("unsolicited"), ping("a ping")}, want: []frame{pong("a ping")}},
		{id: "2.10", send: pings, want: pongs},
		{id: "2.11", send: pings, chop: 1, want: pongs},
		{id: "pong too long", send: []frame{pong(long + "\xfe")}, code: 1002},
	})
}

func TestReservedBits(t *testing.T) {
	hello := text("Hello, world!")
	cases := []exchange{
		{id: "3.1", send: []frame{hello.Reserved(1)}, code: 1002},
		{id: "3.2", send: []frame{hello, hello.Reserved(2), ping("")}, want: []frame{hello}, code: 1002},
		{id: "3.3", send: []frame{hello, hello.Reserved(3), ping("")}, chop: 19, want: []frame{hello}, code: 1002},
		{id: "3.4", send: []frame{hello, hello.Reserved(4), ping("")}, chop: 1, want: []frame{hello}, code: 1002},
		{id: "3.5", send: []frame{bin("\x00\xff\xfe").Reserved(5)}, code: 1002},
		{id: "3.6", send: []frame{ping("Hello, world!").Reserved(6)}, code: 1002},
		{id: "3.7", send: []frame{frame{Op: opClose}.Reserved(7)}, code: 1002},
		{id: "within a message", send: []frame{hello.Part(), rest("").Reserved(4)}, code: 1002},
	}
	play(t, serve(t, harness.Echo, ""), cases)
}

func TestReservedOpcodes(t *testing.T) {
	hello := text("Hello, world!")
	var cases []exchange
	for group, first := range []byte{3, 11} {
		for i := range byte(5) {
			f := frame{Op: first + i}
			x := exchange{id: fmt.Sprintf("4.%d.%d", group+1, i+1), send: []frame{f}, code: 1002}
			if i%2 == 1 || i == 4 {
				f.Payload = "reserved opcode"
				x.send = []frame{f}
			}
			if i >= 2 {
				x.send, x.want = []frame{hello, f, ping("")}, []frame{hello}
			}
			if i == 4 {
				x.chop = 1
			}
			cases = append(cases, x)
		}
	}
	play(t, serve(t, harness.Echo, ""), cases)
}

// TestHeadersThatNoClientMayWrite sends headers that the Autobahn client cannot write.
func TestHeadersThatNoClientMayWrite(t *testing.T) {
	s := serve(t, harness.Echo, "")
	hello := text("Hello, world!")
	long := text(strings.Repeat("*", 1000))
	key := [4]byte{1, 2, 3, 4}
	for id, row := range map[string]struct {
		bytes []byte
		code  uint16
	}{
		"not masked":                    {append(hello.AppendHead(nil, 13, harness.Shortest, false), hello.Payload...), 1002},
		"control frame, not masked":     {ping("").AppendHead(nil, 0, harness.Shortest, false), 1002},
		"13 bytes, length in 16 bits":   {hello.AppendMasked(nil, key, harness.In16), 1002},
		"13 bytes, length in 64 bits":   {hello.AppendMasked(nil, key, harness.In64), 1002},
		"1000 bytes, length in 64 bits": {long.AppendMasked(nil, key, harness.In64), 1002},
		"ping, length in 16 bits":       {ping("a").AppendMasked(nil, key, harness.In16), 1002},
		"length of 64 bits":             {append(hello.AppendHead(nil, 1<<63, harness.In64, true), 1, 2, 3, 4), 1002},
		"length of 63 bits":             {append(hello.AppendHead(nil, 1<<63-1, harness.In64, true), 1, 2, 3, 4), 1009},
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			p := s.In(t).Peer()
			p.Write(row.bytes)
			p.Closes(row.code)
		})
	}
	t.Run("a mask of zeros", func(t *testing.T) { // as random as any other
		p := s.In(t).Peer()
		p.Write(hello.AppendMasked(nil, [4]byte{}, harness.Shortest))
		p.Want(hello)
		p.Bye()
	})
}
