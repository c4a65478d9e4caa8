package fastcgi

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestRecordBytes(t *testing.T) {
	for _, test := range []struct {
		record record
		bytes  string
	}{
		{record{kind: typeBegin, content: 8}, "\x01\x01\x00\x01\x00\x08\x00\x00"},
		{record{kind: typeEnd, content: 8}, "\x01\x03\x00\x01\x00\x08\x00\x00"},
		{record{kind: typeParams}, "\x01\x04\x00\x01\x00\x00\x00\x00"},
		{record{kind: typeStdin, content: 0x1234, padding: 4}, "\x01\x05\x00\x01\x12\x34\x04\x00"},
		{record{kind: typeStdout, content: 65535, padding: 255}, "\x01\x06\x00\x01\xff\xff\xff\x00"},
		{record{kind: typeStderr, content: 65528}, "\x01\x07\x00\x01\xff\xf8\x00\x00"},
	} {
		if got := appendRecord(nil, test.record); string(got) != test.bytes {
			t.Errorf("%+v: got %q, want %q", test.record, got, test.bytes)
		}
		if got, err := parseRecord([]byte(test.bytes)); err != nil || got != test.record {
			t.Errorf("%q: got %+v, %v, want %+v", test.bytes, got, err, test.record)
		}
	}
}

func TestParseRecordRefuses(t *testing.T) {
	for name, header := range map[string]string{
		"version 0": "\x00\x06\x00\x01\x00\x00\x00\x00",
		"version 2": "\x02\x06\x00\x01\x00\x00\x00\x00",
		"text":      "HTTP/1.1",
	} {
		if _, err := parseRecord([]byte(header)); !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestPairBytes(t *testing.T) {
	long := strings.Repeat("v", 128)
	for _, test := range []struct{ name, value, bytes string }{
		{"", "", "\x00\x00"},
		{"A", "", "\x01\x00A"},
		{"AB", "xyz", "\x02\x03ABxyz"},
		{"A", long[:127], "\x01\x7fA" + long[:127]},
		{"A", long, "\x01\x80\x00\x00\x80A" + long},
		{long, "x", "\x80\x00\x00\x80\x01" + long + "x"},
		{"A", strings.Repeat("w", 70000), "\x01\x80\x01\x11\x70A" + strings.Repeat("w", 70000)},
	} {
		got := appendPair(nil, test.name, test.value)
		if string(got) != test.bytes {
			t.Errorf("%.20q=%.20q: got %.40q, want %.40q", test.name, test.value, got, test.bytes)
		}
		if pairs := decodePairs(t, got); len(pairs) != 1 || pairs[test.name] != test.value {
			t.Errorf("%.40q: does not decode to itself", got)
		}
	}
}

// decodePairs reads parameters as php-fpm does.
func decodePairs(tb testing.TB, b []byte) map[string]string {
	tb.Helper()
	return maps.Collect(pairs(b))
}

func TestRequestBytes(t *testing.T) {
	var q request
	event := &protocol.Event{Kind: protocol.Text, Seq: 7, Client: 12, Payload: []byte("hello")}
	q.encode(appendPair(nil, "A", "1"), appendPair(nil, "BC", "23"), []*protocol.Event{event})
	body := `{"v":1,"seq":7,"event":"text","client":12,"length":5}` + "\nhello"
	want := "\x01\x01\x00\x01\x00\x08\x00\x00" + "\x00\x01\x01\x00\x00\x00\x00\x00" +
		"\x01\x04\x00\x01\x00\x1c\x04\x00" + "\x01\x01A1" + "\x02\x02BC23" + "\x0e\x02CONTENT_LENGTH59" + strings.Repeat("\x00", 4) +
		"\x01\x04\x00\x01\x00\x00\x00\x00" +
		"\x01\x05\x00\x01\x00\x3b\x00\x00" + body
	if string(q.buf) != want {
		t.Errorf("got\n%q, want\n%q", q.buf, want)
	}
}

func TestParametersThatDoNotFitOneRecord(t *testing.T) {
	for _, size := range []int{maxContent - 50, maxContent - 7} { // one fits with the rest, one alone
		var q request
		value := strings.Repeat("e", size)
		q.encode(appendPair(nil, "A", value), appendPair(nil, "B", "2"), nil)
		params := decodePairs(t, decodeRequest(t, bytes.NewBuffer(q.buf)).params)
		if len(params) != 3 || params["A"] != value || params["B"] != "2" {
			t.Errorf("%d bytes: got %d parameters", size, len(params))
		}
	}
}

func TestRequestOfEverySizeDecodesToItself(t *testing.T) {
	var q request // one for all: what a larger request left must not show
	for _, size := range []int{200_000, 0, 1, 65_463, 65_464, 65_465, 130_000, 131_000, 131_056, 7} {
		for near := range 10 {
			event := &protocol.Event{Kind: protocol.Text, Seq: 1, Payload: bytes.Repeat([]byte{'p'}, size+near)}
			environment, own := appendPair(nil, "A", strings.Repeat("e", near)), appendPair(nil, "B", "2")
			q.encode(environment, own, []*protocol.Event{event})
			var wire bytes.Buffer
			if n, err := q.writeTo(&wire); err != nil || n != int64(wire.Len()) {
				t.Fatalf("wrote %d: %v", n, err)
			}
			got := decodeRequest(t, &wire)
			body := string(event.AppendTo(nil))
			if string(got.body) != body || wire.Len() != 0 {
				t.Fatalf("%d bytes: the body is another", size+near)
			}
			params := decodePairs(t, got.params)
			if params["A"] != strings.Repeat("e", near) || params["B"] != "2" || len(params) != 3 {
				t.Errorf("%d bytes: got %v", size+near, params)
			}
		}
	}
}

func TestEndOfStdinIsARecordOfItsOwn(t *testing.T) {
	end := appendRecord(nil, record{kind: typeStdin})
	for _, size := range []int{0, 1, 65_000, 200_000} {
		q, plain := request{endStdin: true}, request{}
		events := []*protocol.Event{{Kind: protocol.Text, Seq: 1, Payload: make([]byte, size)}}
		var with, without bytes.Buffer
		for q, wire := range map[*request]*bytes.Buffer{&q: &with, &plain: &without} {
			q.encode(nil, nil, events)
			if _, err := q.writeTo(wire); err != nil {
				t.Fatal(err)
			}
		}
		if want := append(without.Bytes(), end...); !bytes.Equal(with.Bytes(), want) {
			t.Errorf("%d bytes: %d on the wire, want %d", size, with.Len(), len(want))
		}
	}
}

func TestRequestWithoutBody(t *testing.T) {
	var q request
	q.encode(nil, appendPair(nil, "A", "1"), nil)
	wire := bytes.NewBuffer(q.buf)
	got := decodeRequest(t, wire)
	if len(got.body) != 0 || wire.Len() != 0 || decodePairs(t, got.params)["CONTENT_LENGTH"] != "0" {
		t.Errorf("got %+v", got)
	}
}

func TestWhatIsLargeIsNotKept(t *testing.T) {
	var q request
	params := appendPair(nil, "A", strings.Repeat("e", maxContent-10))
	q.encode(params, params, []*protocol.Event{{Seq: 1, Payload: make([]byte, maxContent/2)}})
	if q.release(); q.buf != nil {
		t.Errorf("kept %d bytes", cap(q.buf))
	}
	var many protocol.Encoded
	for range maxKeptPieces {
		many.Add(1, []byte("i:1;N;"), protocol.Traits{})
	}
	q.encode(nil, nil, []*protocol.Event{{Seq: 1, Rows: many, Whole: true}})
	if q.release(); q.blocks != nil {
		t.Errorf("kept %d pieces", cap(q.blocks))
	}
}

// decoded is a request as a server sees it.
type decoded struct{ params, body []byte }

// decodeRequest reads a request as php-fpm does, but strictly: records come in order, none is longer than php-fpm takes, and the body
// is as long as CONTENT_LENGTH says.
func decodeRequest(tb testing.TB, r io.Reader) (d decoded) {
	tb.Helper()
	read := func(kind recordType) (record, []byte) {
		header := make([]byte, headerSize)
		if _, err := io.ReadFull(r, header); err != nil {
			tb.Fatalf("read record: %v", err)
		}
		rec, err := parseRecord(header)
		if err != nil || rec.kind != kind || rec.content > maxContent {
			tb.Fatalf("record %+v in place of type %d: %v", rec, kind, err)
		}
		content := make([]byte, rec.content+rec.padding)
		if _, err := io.ReadFull(r, content); err != nil {
			tb.Fatalf("read content: %v", err)
		}
		return rec, content[:rec.content]
	}
	read(typeBegin)
	for {
		rec, content := read(typeParams)
		if rec.content == 0 {
			break
		}
		d.params = append(d.params, content...)
	}
	size, err := strconv.Atoi(decodePairs(tb, d.params)["CONTENT_LENGTH"])
	for err == nil && len(d.body) < size {
		rec, content := read(typeStdin)
		if rec.content == 0 || rec.padding != 0 {
			tb.Fatalf("record %+v in the body", rec)
		}
		d.body = append(d.body, content...)
	}
	if err != nil || len(d.body) != size {
		tb.Fatalf("body of %d bytes, not %d: %v", len(d.body), size, err)
	}
	return d
}
