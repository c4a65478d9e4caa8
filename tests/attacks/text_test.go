package attacks

import (
	"strings"
	"sync"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// TestTextThatIsWrongInEveryPosition puts invalid UTF-8 at every position of a text, in one frame and in frames of one
// byte.
func TestTextThatIsWrongInEveryPosition(t *testing.T) {
	s := serve(t, harness.Echo, "")
	const length = 140 // longer than a short header can say
	ways := map[string]func(payload string) []byte{
		"whole": func(payload string) []byte { return text(payload).Append(nil) },
		"bytewise": func(payload string) []byte {
			return harness.AppendAll(nil, harness.Fragments(harness.OpText, payload, 1))
		},
	}
	for name, bad := range map[string]string{
		"a byte that never stands":    "\xff",
		"a continuation of nothing":   "\x80",
		"a character that is cut off": "\xe2\x82",
		"a surrogate":                 "\xed\xa0\x80",
		"a longer form than needed":   "\xc0\xaf",
		"beyond Unicode":              "\xf4\x90\x80\x80",
	} {
		t.Run(name, func(t *testing.T) {
			survives(t, s, func(t *testing.T) {
				turns := make(chan struct{}, 8)
				var group sync.WaitGroup
				for at := range length {
					payload := strings.Repeat("x", at) + bad + strings.Repeat("x", length-at-1)
					for _, way := range ways {
						turns <- struct{}{}
						group.Go(func() {
							defer func() { <-turns }()
							p := s.In(t).Peer()
							_, _ = p.Conn.Write(way(payload)) // the server may end the connection before all is written
							p.Closes(1007)
						})
					}
				}
				group.Wait()
			})
		})
	}
}
