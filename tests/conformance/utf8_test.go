package conformance

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wsbridge/wsbridge/tests/harness"
)

const (
	greek     = "\u03ba\u1f79\u03c3\u03bc\u03b5"
	surrogate = greek + "\xed\xa0\x80edited"     // wrong from its 13th byte on
	beyond    = greek + "\xf4\x90\x80\x80edited" // likewise: U+110000
)

func TestText(t *testing.T) {
	const umlauts = "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!"
	cases := []exchange{
		{id: "6.1.1", send: []frame{text("")}, want: []frame{text("")}},
		{id: "6.1.2", send: []frame{text("").Part(), rest("").Part(), rest("")}, want: []frame{text("")}},
		{id: "6.1.3", send: []frame{text("").Part(), rest("middle").Part(), rest("")}, want: []frame{text("middle")}},
		{id: "6.2.1", send: []frame{text(umlauts)}, want: []frame{text(umlauts)}},
		{id: "6.2.2", send: []frame{text(umlauts[:15]).Part(), rest(umlauts[15:])}, want: []frame{text(umlauts)}},
		{id: "6.2.3", send: harness.Fragments(opText, umlauts, 1), want: []frame{text(umlauts)}},
		{id: "6.2.4", send: harness.Fragments(opText, greek, 1), want: []frame{text(greek)}},
		{id: "6.3.1", send: []frame{text(surrogate)}, code: 1007},
		{id: "6.3.2", send: harness.Fragments(opText, surrogate, 1), code: 1007},
	}
	play(t, serve(t, harness.Echo, emptyText), append(cases, sequences()...))
}

// sequences are those of Markus Kuhn's "UTF-8 decoder capability and stress test", which Autobahn's 6.5 to 6.23 send.
func sequences() []exchange {
	starts := func(first, end byte) (s string) { // lonely start bytes, each before a space
		for b := first; b < end; b++ {
			s += string([]byte{b, ' '})
		}
		return s
	}
	cut := []string{"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
		"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf"}
	var continuations []byte
	for b := byte(0x80); b < 0xbf; b++ {
		continuations = append(continuations, b)
	}
	var prefixes, unassigned []string
	for i := range len(greek) {
		prefixes = append(prefixes, greek[:i+1])
	}
	for plane := rune(0); plane <= 16; plane++ { // U+nFFFE and U+nFFFF are characters of no script, and valid
		unassigned = append(unassigned, string(plane<<16|0xfffe), string(plane<<16|0xffff))
	}
	groups := [][]string{
		{"hello$world", "hello\u00a2world", "hello\u20acworld", "hello\U00024b62world", greek},
		prefixes,
		{"\x00", "\u0080", "\u0800", "\U00010000"},
		{"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"},
		{"\x7f", "\u07ff", "\uffff", "\U0010ffff"},
		{"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"},
		{"\ud7ff", "\ue000", "\ufffd", "\U0010ffff", "\xf4\x90\x80\x80"},
		{"\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80", "\x80\xbf\x80\xbf",
			"\x80\xbf\x80\xbf\x80", "\x80\xbf\x80\xbf\x80\xbf", string(continuations)},
		{starts(0xc0, 0xdf), starts(0xe0, 0xef), starts(0xf0, 0xf7), starts(0xf8, 0xfb), starts(0xfc, 0xfd)},
		cut,
		{strings.Join(cut, "")},
		{"\xfe", "\xff", "\xfe\xfe\xff\xff"},
		{"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"},
		{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"},
		{"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"},
		{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf"},
		{"\xed\xa0\x80\xed\xb0\x80", "\xed\xa0\x80\xed\xbf\xbf", "\xed\xad\xbf\xed\xb0\x80", "\xed\xad\xbf\xed\xbf\xbf",
			"\xed\xae\x80\xed\xb0\x80", "\xed\xae\x80\xed\xbf\xbf", "\xed\xaf\xbf\xed\xb0\x80", "\xed\xaf\xbf\xed\xbf\xbf"},
		unassigned,
		{"\ufffc", "\ufffd", "\ufffe", "\uffff"},
	}
	var cases []exchange
	for i, group := range groups {
		for j, payload := range group {
			x := exchange{id: fmt.Sprintf("6.%d.%d", i+5, j+1), send: []frame{text(payload)}}
			if utf8.ValidString(payload) {
				x.want = []frame{text(payload)}
			} else {
				x.code = 1007
			}
			cases = append(cases, x)
		}
	}
	return cases
}

// TestTextFailsAtItsFirstWrongByte sends nothing after the wrong byte, and never the message's end.
func TestTextFailsAtItsFirstWrongByte(t *testing.T) {
	s := serve(t, harness.Echo, "")
	good := len(greek)
	for id, row := range map[string]struct {
		cut      int // bytes of the first part, which is good, and of the second, which is not
		then     int
		oneFrame bool
	}{
		"6.4.1": {good, 4, false},
		"6.4.2": {good + 1, 1, false},
		"6.4.3": {good, 4, true},
		"6.4.4": {good + 1, 1, true},
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			p := s.In(t).Peer()
			first, second := beyond[:row.cut], beyond[row.cut:row.cut+row.then]
			if row.oneFrame {
				b := text(beyond).Append(nil)
				head := len(b) - len(beyond)
				p.Write(b[:head+row.cut])
				silent(p)
				p.Write(b[head+row.cut : head+row.cut+row.then])
			} else {
				p.Send(text(first).Part(), ping("between"))
				p.Want(pong("between"))
				p.Send(rest(second).Part())
			}
			p.Closes(1007)
		})
	}
}

func TestTextMayNotEndWithinACharacter(t *testing.T) {
	s := serve(t, harness.Echo, "")
	play(t, s, []exchange{
		{id: "in one frame", send: []frame{text("a\xe2\x82")}, code: 1007},
		{id: "in two", send: []frame{text("a\xe2").Part(), rest("\x82")}, code: 1007},
		{id: "with an empty last frame", send: []frame{text("a\xf0\x9f\x98").Part(), rest("")}, code: 1007},
		{id: "the next message is no continuation", send: []frame{text("a\xe2"), text("\x82\xac")}, code: 1007},
		{id: "binary may", send: []frame{bin("a\xe2\x82"), bin("\xff")}, want: []frame{bin("a\xe2\x82"), bin("\xff")}},
	})
}
