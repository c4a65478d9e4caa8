package fastcgi

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wsbridge/wsbridge/protocol"
)

// recorder records both streams.
type recorder struct{ out, err strings.Builder }

func (r *recorder) stdout(p []byte) error { r.out.Write(p); return nil }
func (r *recorder) stderr(p []byte) error { r.err.Write(p); return nil }

// rec returns a record of an answer.
func rec(kind recordType, content string, pad int) string {
	b := appendRecord(nil, record{kind: kind, content: len(content), padding: pad})
	return string(b) + content + strings.Repeat("P", pad)
}

// end returns the record that ends a request.
func end(status byte) string {
	return rec(typeEnd, "\x00\x00\x00\x07"+string([]byte{status})+"\x00\x00\x00", 0)
}

func TestReadAnswer(t *testing.T) {
	long := strings.Repeat("0123456789", 6553)
	for name, test := range map[string]struct {
		wire, out, err string
		status         byte
		want           error
	}{
		"whole":               {rec(typeStdout, "abc", 5) + end(0), "abc", "", 0, nil},
		"interleaved":         {rec(typeStdout, "a", 0) + rec(typeStderr, "e1", 6) + rec(typeStdout, "b", 255) + rec(typeStderr, "e2", 0) + end(0), "ab", "e1e2", 0, nil},
		"empty streams":       {rec(typeStdout, "", 8) + rec(typeStderr, "", 0) + end(0), "", "", 0, nil},
		"longest record":      {rec(typeStdout, long+"54321", 255) + end(0), long + "54321", "", 0, nil},
		"end padded":          {rec(typeEnd, strings.Repeat("\x00", 8), 7), "", "", 0, nil},
		"overloaded":          {end(2), "", "", 2, nil},
		"refused":             {end(1), "", "", 1, nil},
		"end early":           {end(0) + rec(typeStdout, "late", 0), "", "", 0, nil},
		"nothing":             {"", "", "", 0, io.EOF},
		"half a header":       {"\x01\x06\x00", "", "", 0, io.EOF},
		"no end":              {rec(typeStdout, "abc", 5), "abc", "", 0, io.EOF},
		"half the content":    {rec(typeStdout, "abcdef", 0)[:11], "abc", "", 0, io.EOF},
		"half the padding":    {rec(typeStdout, "abc", 5)[:12], "abc", "", 0, io.EOF},
		"half the end":        {end(0)[:12], "", "", 0, io.EOF},
		"huge length":         {"\x01\x06\x00\x01\xff\xff\xff\x00abc", "abc", "", 0, io.EOF},
		"end of no content":   {rec(typeEnd, "", 0), "", "", 0, protocol.ErrMalformed},
		"end too long":        {rec(typeEnd, strings.Repeat("\x00", 65535), 0), "", "", 0, protocol.ErrMalformed},
		"unknown type":        {rec(12, "abc", 0) + end(0), "", "", 0, protocol.ErrMalformed},
		"type of a request":   {rec(typeStdin, "abc", 0) + end(0), "", "", 0, protocol.ErrMalformed},
		"another request's":   {"\x01\x06\x00\x02\x00\x01\x07\x00aPPPPPPP" + rec(typeStdout, "b", 7) + "\x01\x03\x01\x01\x00\x08\x00\x0012345678" + end(0), "b", "", 0, nil},
		"of no request":       {"\x01\x0b\x00\x00\x00\x08\x00\x0012345678" + end(0), "", "", 0, nil},
		"another's is cut":    {"\x01\x06\x00\x02\x00\x05\x00\x00a", "", "", 0, io.EOF},
		"another version":     {"\x02" + rec(typeStdout, "abc", 0)[1:], "", "", 0, protocol.ErrMalformed},
		"another language":    {"HTTP/1.1 400 Bad Request\r\n\r\n", "", "", 0, protocol.ErrMalformed},
		"unknown after stuff": {rec(typeStdout, "abc", 0) + rec(0, "", 0), "abc", "", 0, protocol.ErrMalformed},
	} {
		for how, r := range map[string]io.Reader{
			"at once": strings.NewReader(test.wire), "bytewise": iotest.OneByteReader(strings.NewReader(test.wire)),
		} {
			var got recorder
			status, err := readAnswer(bufio.NewReader(r), &got)
			if !errors.Is(err, test.want) || status != test.status || got.out.String() != test.out || got.err.String() != test.err {
				t.Errorf("%s, %s: got status %d, %v, %.20q, %.20q", name, how, status, err, got.out.String(), got.err.String())
			}
			if failed := new(transportError); errors.Is(test.want, io.EOF) != errors.As(err, &failed) {
				t.Errorf("%s, %s: %v has the wrong kind", name, how, err)
			}
		}
	}
}

func TestReadAnswerLeavesWhatIsBehind(t *testing.T) {
	r := bufio.NewReader(strings.NewReader(end(0) + "x"))
	if _, err := readAnswer(r, &recorder{}); err != nil || r.Buffered() != 1 {
		t.Errorf("got %v, %d bytes left", err, r.Buffered())
	}
}

// stopper fails at the second piece.
type stopper struct{ pieces int }

var errStop = errors.New("stop")

func (s *stopper) stdout([]byte) error {
	if s.pieces++; s.pieces == 2 {
		return errStop
	}
	return nil
}
func (s *stopper) stderr([]byte) error { return nil }

func TestReadAnswerStopsAtTheSinksError(t *testing.T) {
	s := new(stopper)
	wire := rec(typeStdout, "a", 0) + rec(typeStdout, "b", 0) + rec(typeStdout, "c", 0)
	if _, err := readAnswer(bufio.NewReader(strings.NewReader(wire)), s); err != errStop || s.pieces != 2 { //nolint:errorlint // unchanged
		t.Errorf("got %v after %d pieces", err, s.pieces)
	}
}

func FuzzReadAnswer(f *testing.F) {
	f.Add([]byte(rec(typeStdout, "abc", 5) + rec(typeStderr, "e", 0) + end(0)))
	f.Add([]byte("\x01\x06\x00\x01\xff\xff\xff\x00abc"))
	f.Add([]byte(end(2)))
	f.Fuzz(func(t *testing.T, wire []byte) {
		var whole, pieces recorder
		status, err := readAnswer(bufio.NewReaderSize(bytes.NewReader(wire), 16), &whole)
		again, errAgain := readAnswer(bufio.NewReaderSize(iotest.HalfReader(bytes.NewReader(wire)), 64), &pieces)
		if status != again || (err == nil) != (errAgain == nil) || whole.out.String() != pieces.out.String() || whole.err.String() != pieces.err.String() {
			t.Errorf("%q reads as %d, %v and as %d, %v", wire, status, err, again, errAgain)
		}
		if err == nil && len(wire) < headerSize+endSize {
			t.Errorf("%q passes for an answer", wire)
		}
	})
}
