package attacks

import (
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// flood writes the same bytes again and again, until it is done or the server ends the connection.
func flood(p *peer, b []byte, times int) {
	batch := slices.Repeat(b, 100)
	for range times / 100 {
		if _, err := p.Conn.Write(batch); err != nil {
			return
		}
	}
}

func TestFloods(t *testing.T) {
	s := serve(t, harness.Echo, harness.Compression+"server.max_message = \"1MiB\"\nserver.control_rate = 0\n") // without the limit that would end the floods early
	const clients = 6
	announced := append(text("").AppendHead(nil, 2<<30, harness.Shortest, true), 1, 2, 3, 4)
	bomb := harness.Compressed(text(strings.Repeat("\x00", 16<<20))).Append(nil)
	for name, attack := range map[string]func(p *peer){
		"2 GiB are announced, and sent": func(p *peer) {
			p.Write(announced)
			go flood(p, make([]byte, 1000), 100_000)
			p.Closes(1009)
		},
		"tiny messages that nobody reads": func(p *peer) { flood(p, text("x").Append(nil), 1000) },
		"tiny binary messages, read": func(p *peer) {
			go flood(p, bin("x").Append(nil), 500)
			for range 500 {
				p.Want(bin("x"))
			}
		},
		"tiny fragments": func(p *peer) {
			p.Send(text("").Part())
			flood(p, rest("x").Part().Append(nil), 20_000)
			p.Send(rest(""))
			if got := p.Inflated(); got != text(strings.Repeat("x", 20_000)) {
				p.T.Errorf("got %v", got)
			}
		},
		"empty fragments": func(p *peer) {
			p.Send(text("x").Part())
			flood(p, rest("").Part().Append(nil), 50_000)
			p.Send(rest(""))
			p.Want(text("x"))
		},
		"pings that are answered": func(p *peer) {
			go func() {
				flood(p, ping("ping").Append(nil), 20_000)
				_, _ = p.Conn.Write(text("over").Append(nil)) // else the loop below fails
			}()
			for f := p.Next(); f != text("over"); f = p.Next() {
				if f != pong("ping") {
					p.T.Errorf("got %v", f)
					return
				}
			}
		},
		"pings whose answers nobody reads": func(p *peer) { flood(p, ping(strings.Repeat("x", 125)).Append(nil), 20_000) },
		"pongs":                            func(p *peer) { flood(p, pong("x").Append(nil), 10_000); p.Bye() },
		"compression bombs": func(p *peer) {
			p.Write(bomb)
			p.Closes(1009)
		},
		"compressed emptiness": func(p *peer) { // blocks that decompress to nothing
			b := frame{Op: harness.OpText, RSV: harness.RSV1}.AppendHead(nil, 1<<20, harness.Shortest, true)
			p.Write(append(b, 0, 0, 0, 0))
			flood(p, []byte("\x00\x00\x00\xff\xff"), 100_000)
		},
		"frames that are wrong": func(p *peer) {
			go flood(p, frame{Op: 3}.Append(nil), 100_000)
			p.Closes(1002)
		},
	} {
		t.Run(name, func(t *testing.T) {
			survives(t, s, func(t *testing.T) { crowd(t, s, clients, attack) })
		})
	}
}
