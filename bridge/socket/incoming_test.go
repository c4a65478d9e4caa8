package socket

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// fate is how a message ends a connection; -1 if it does not.
func fate(err error) int {
	if bad, ok := errors.AsType[*violation](err); ok {
		return int(bad.ending)
	}
	return -1
}

func TestMessageIsReadToItsLimit(t *testing.T) {
	for name, row := range map[string]struct {
		size      int
		announced int64
		fate      int
	}{
		"empty":                 {0, 0, -1},
		"the limit":             {100_000, 100_000, -1},
		"no size is announced":  {100_000, 0, -1},
		"too much is announced": {10, 1 << 40, -1},
		"over the limit":        {100_001, 10, int(outcome.EndedTooBig)},
	} {
		m := incoming{limit: 100_000}
		err := m.read(strings.NewReader(strings.Repeat("x", row.size)), row.announced)
		if fate(err) != row.fate || err == nil && len(m.data) != row.size {
			t.Errorf("%s: %d bytes, %v", name, len(m.data), err)
		}
	}
}

func TestMessageTakesNoMemoryOnCredit(t *testing.T) {
	stuck := errors.New("nothing comes")
	m := incoming{limit: 16 << 20}
	if err := m.read(io.MultiReader(strings.NewReader("x"), failing{stuck}), 16<<20); !errors.Is(err, stuck) {
		t.Errorf("got %v", err)
	}
	if cap(m.data) > 64<<10 {
		t.Errorf("%d bytes are kept for one", cap(m.data))
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// FuzzText holds that a text fails with the first byte that no other bytes can mend, wherever the pieces end.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a", "\u03ba\u1f79\u03c3\u03bc\u03b5", "a\xed\xa0\x80", "\xf4\x90", "\xf0\x9f\x98", "\xe2\x82\xacx\xff"} {
		f.Add([]byte(s), uint8(0))
		f.Add([]byte(s), uint8(2))
	}
	f.Fuzz(func(t *testing.T, sent []byte, piece uint8) {
		m := incoming{limit: 1 << 20, isText: true}
		err := m.read(&pieces{bytes.Clone(sent), int(piece) + 1}, int64(piece))
		if utf8.Valid(sent) != (err == nil) || err == nil && !bytes.Equal(m.data, sent) {
			t.Errorf("%q: %q, %v", sent, m.data, err)
		}
		if good := mendable(sent); err != nil && good < len(sent) && len(m.data) > good+int(piece)+1 {
			t.Errorf("%q is wrong after %d bytes, and %d were read", sent, good, len(m.data))
		}
	})
}

// mendable returns how many bytes of b can be the beginning of a text.
func mendable(b []byte) int {
	for n := 0; n < len(b); {
		r, size := utf8.DecodeRune(b[n:])
		if r == utf8.RuneError && size == 1 {
			for end := n + 1; end <= len(b); end++ {
				if utf8.FullRune(b[n:end]) {
					return end - 1
				}
			}
			return len(b)
		}
		n += size
	}
	return len(b)
}
