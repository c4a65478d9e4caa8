package conformance

import (
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// exchange is a test case: what is sent at once, and what must come back, in this order and nothing else.
type exchange struct {
	id   string
	send []frame
	chop int // bytes in a packet; 0: as many as there are
	want []frame
	code uint16 // the server fails the connection with it; 0: it stays, until the client closes it
}

// play runs the cases side by side.
func play(t *testing.T, s *harness.Server, cases []exchange) {
	for _, x := range cases {
		t.Run(x.id, func(t *testing.T) {
			t.Parallel()
			p := s.In(t).Peer()
			b := harness.AppendAll(nil, x.send)
			if x.chop == 0 {
				x.chop = len(b)
			}
			p.Chop(b, x.chop)
			p.Want(x.want...)
			if x.code != 0 {
				p.Closes(x.code)
				return
			}
			p.Bye()
		})
	}
}
