package socket

import (
	"bytes"
	"compress/flate"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// inflate reads a compressed message that comes in pieces of that size.
func inflate(sent []byte, piece, limit int) ([]byte, error) {
	var pool sync.Pool
	i := newInflater(&pool, &pieces{bytes.Clone(sent), piece}, nil)
	defer i.release(&pool)
	m := incoming{limit: int64(limit), inflater: i}
	err := m.read(i, 0)
	return m.data, err
}

// deflated compresses parts, each referring to those before it, and ends each with a final block if final, else by a flush.
func deflated(t testing.TB, final bool, parts ...[]byte) []byte {
	t.Helper()
	var out, before []byte
	for _, part := range parts {
		block := deflatedPart(t, final, before, part)
		if got, _ := io.ReadAll(flate.NewReaderDict(bytes.NewReader(block), before)); !bytes.Equal(got, part) { // a flush has no end
			// compress/flate puts what went before into the output of what it cannot compress.
			block = deflatedPart(t, final, nil, part)
		}
		out = append(out, block...)
		before = append(before, part...)
	}
	if final {
		return append(out, 0) // an empty block, but for what is left away
	}
	return bytes.TrimSuffix(out, []byte(syncTail))
}

func deflatedPart(t testing.TB, final bool, before, part []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriterDict(&out, flate.BestCompression, before)
	if err != nil {
		t.Fatal(err)
	}
	end := w.Flush
	if final {
		end = w.Close
	}
	if _, err := w.Write(part); err != nil {
		t.Fatal(err)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestInflateReadsWhatSendersMayMake(t *testing.T) {
	one, two := []byte("a text that is said "), bytes.Repeat([]byte("and said again "), 5000)
	both := append(bytes.Clone(one), two...)
	for name, row := range map[string]struct {
		sent []byte
		want string
	}{
		"RFC 7692, section 7.2.3.1": {[]byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello"},
		"7.2.3.3, no compression":   {[]byte("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), "Hello"},
		"7.2.3.4, a final block":    {[]byte("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "Hello"},
		"7.2.3.5, two blocks":       {[]byte("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), "Hello"},
		"7.2.3.6, empty":            {[]byte{0}, ""},
		"a final block at the end":  {[]byte("\xf3\x48\xcd\xc9\xc9\x07\x00"), "Hello"},
		"flushed":                   {deflated(t, false, one, two), string(both)},
		"two final blocks":          {deflated(t, true, one, two), string(both)},
	} {
		for _, piece := range []int{1, 7, 1 << 20} {
			if got, err := inflate(row.sent, piece, 1<<20); err != nil || string(got) != row.want {
				t.Errorf("%s: %.40q, %v", name, got, err)
			}
		}
	}
}

func TestInflateRefusesWhatIsBrokenOrABomb(t *testing.T) {
	bomb := deflated(t, false, make([]byte, 10<<20))
	for name, row := range map[string]struct {
		sent string
		fate outcome.Ending
	}{
		"no deflate at all":   {"\xff\xff\xff\xff", outcome.EndedProtocol},
		"ends within a block": {"\xf2\x48\xcd", outcome.EndedProtocol},
		"bomb":                {string(bomb), outcome.EndedTooBig},
		"nothing but ends":    {strings.Repeat("\x03\x00", 1<<20), outcome.EndedProtocol},
	} {
		if got, err := inflate([]byte(row.sent), 4096, 1<<20); fate(err) != int(row.fate) || len(got) > 2<<20 {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

// A message may refer to those before it, and go on to do so after a final block.
func TestInflateRefersToEarlierMessages(t *testing.T) {
	first := bytes.Repeat([]byte("said before "), 5000)
	for _, before := range [][]byte{first[:100], first} {
		before = keepWindow(nil, before)
		var pool sync.Pool
		sent := deflatedPart(t, true, before, []byte("said before said before"))
		sent = append(sent, bytes.TrimSuffix(deflatedPart(t, false, append(bytes.Clone(before), "said before said before"...), []byte("before and again")), []byte(syncTail))...)
		i := newInflater(&pool, bytes.NewReader(sent), before)
		m := incoming{limit: 1 << 20, inflater: i}
		if err := m.read(i, 0); err != nil || string(m.data) != "said before said beforebefore and again" {
			t.Errorf("%q, %v", m.data, err)
		}
	}
}

func TestTheWindowIsTheEndOfWhatCame(t *testing.T) {
	var all, kept []byte
	for n := range 400 {
		part := bytes.Repeat([]byte{byte(n)}, n*n%70_000)
		all, kept = append(all, part...), keepWindow(kept, part)
		if !bytes.Equal(kept, all[max(0, len(all)-window):]) || cap(kept) > 2*window {
			t.Fatalf("after message %d %d bytes are kept, with room for %d", n, len(kept), cap(kept))
		}
	}
}

// FuzzInflate holds that what a sender compresses comes out, and that what it does not ends in a violation or in a message.
func FuzzInflate(f *testing.F) {
	f.Add([]byte("a text that is said, and said again"), uint8(10), true)
	f.Add([]byte("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), uint8(1), false)
	f.Add([]byte(strings.Repeat("\x03\x00", 100)), uint8(3), false)
	f.Fuzz(func(t *testing.T, data []byte, piece uint8, final bool) {
		cut := min(int(piece), len(data))
		got, err := inflate(deflated(t, final, data[:cut], data[cut:]), int(piece)+1, len(data))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%q came out as %q, %v", data, got, err)
		}
		got, err = inflate(data, int(piece)+1, 1<<16)
		if err != nil && fate(err) < 0 || err == nil && len(got) > 1<<16 {
			t.Errorf("%q: %d bytes, %v", data, len(got), err)
		}
	})
}

func TestInflaterKeepsNothingOfAMessage(t *testing.T) {
	var pool sync.Pool
	i := newInflater(&pool, strings.NewReader("\xf2\x48\xcd"), nil)
	_, _ = io.ReadAll(i)
	i.release(&pool)
	next := newInflater(&pool, strings.NewReader("\xf2\x48\xcd\xc9\xc9\x07\x00"), nil)
	if got, err := io.ReadAll(next); err != nil || string(got) != "Hello" {
		t.Errorf("%q, %v", got, err)
	}
}
