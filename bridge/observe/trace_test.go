package observe

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestFaultMessagesAreCut(t *testing.T) {
	f := NewFault(&protocol.Failure{Kind: protocol.FailedFatal, Message: strings.Repeat("ä", 5000), File: "a.php", Line: 3})
	if len(f.Message) > maxFaultMessage+len("…") || !strings.HasSuffix(f.Message, "ä…") || f.File != "a.php" || f.Line != 3 {
		t.Errorf("got %d bytes, %+v", len(f.Message), f)
	}
	if NewFault(nil) != nil {
		t.Error("a fault without an error")
	}
}

func TestRecorderCutsBetweenCharacters(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{"aä", "aä"}, {"a\xc3", "a"}, {"\xe2\x82", ""}, {"\xff\xfe", "\xff\xfe"}, {"\xffa\xc3", "\xffa\xc3"}, {"", ""},
	} {
		if got := string(trimPartialRune([]byte(row.in))); got != row.want {
			t.Errorf("%q: got %q", row.in, got)
		}
	}
}
