package protocol

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Encoded is an array's entries as PHP's serialize() writes them. Rows travel that way because PHP reads it in less than
// half the time that JSON takes, and an event may need the rows of all clients.
type Encoded struct {
	Entries int
	Parts   [][]byte // each of whole entries; they never change
	Traits
}

// Traits are what PHP must look for in values, and need not where they are false.
type Traits struct {
	Tagged bool // there may be tagged values or names, see the package documentation
	Zeros  bool // there may be 0.0 or -0.0, which PHP takes for the same
}

// Join adds the traits of further values.
func (t *Traits) Join(u Traits) {
	t.Tagged = t.Tagged || u.Tagged
	t.Zeros = t.Zeros || u.Zeros
}

// Add appends entries that stand together in one part.
func (e *Encoded) Add(entries int, part []byte, traits Traits) {
	e.Entries += entries
	e.Parts = append(e.Parts, part)
	e.Join(traits)
}

// size is the number of bytes of the array.
func (e *Encoded) size() int {
	n := len(e.head()) + len(arrayEnd)
	for _, p := range e.Parts {
		n += len(p)
	}
	return n
}

// appendPieces appends the array in pieces.
func (e *Encoded) appendPieces(pieces [][]byte) [][]byte {
	pieces = append(append(pieces, e.head()), e.Parts...)
	return append(pieces, []byte(arrayEnd))
}

func (e *Encoded) head() []byte { return appendArrayHead(nil, e.Entries) }

// AppendRow appends a row with its key, one entry of $connections.
func AppendRow(b []byte, key int64, row Fields) ([]byte, Traits) {
	b = append(strconv.AppendInt(append(b, "i:"...), key, 10), ';')
	b = appendArrayHead(b, len(row))
	b, traits := AppendFields(b, row)
	return append(b, '}'), traits
}

// AppendFields appends fields as an array's entries.
func AppendFields(b []byte, fields Fields) ([]byte, Traits) {
	s := serializer{out: b}
	for _, f := range fields {
		if strings.HasPrefix(f.Name, encodedName) {
			s.Tagged = true
		}
		s.text(f.Name)
		s.in, s.at = f.Value, 0
		s.value()
	}
	return s.out, s.Traits
}

const arrayEnd = "}"

func appendArrayHead(b []byte, entries int) []byte {
	return append(strconv.AppendInt(append(b, "a:"...), int64(entries), 10), ":{"...)
}

// What the PHP half writes in place of what JSON cannot carry.
const (
	tag         = "\x00php"
	encodedName = "\x00b64:"
)

// serializer writes valid JSON as serialize() writes what json_decode() makes of it. Integer-like keys may stay text:
// unserialize() makes them integers.
type serializer struct {
	in  []byte
	at  int
	out []byte
	Traits
}

func (s *serializer) value() {
	s.space()
	switch s.in[s.at] {
	case '{', '[':
		s.array()
	case '"':
		s.text(s.unquote())
	case 't':
		s.literal("true", "b:1;")
	case 'f':
		s.literal("false", "b:0;")
	case 'n':
		s.literal("null", "N;")
	default:
		s.number()
	}
}

func (s *serializer) literal(json, php string) {
	s.at += len(json)
	s.out = append(s.out, php...)
}

// array writes an object or a list. How many entries there are is known only behind the last.
func (s *serializer) array() {
	isObject := s.in[s.at] == '{'
	start := len(s.out)
	entries := int64(0)
	for s.at++; s.more(); entries++ {
		if isObject {
			name := s.unquote()
			s.Tagged = s.Tagged || name == tag
			s.text(name)
			s.space()
			s.at++ // the colon
		} else {
			s.out = append(strconv.AppendInt(append(s.out, "i:"...), entries, 10), ';')
		}
		s.value()
	}
	s.at++ // the bracket
	var head [32]byte
	s.out = slices.Insert(s.out, start, appendArrayHead(head[:0], int(entries))...)
	s.out = append(s.out, '}')
}

// more goes to the next entry; false if there is none.
func (s *serializer) more() bool {
	s.space()
	if s.in[s.at] == ',' {
		s.at++
		s.space()
	}
	return s.in[s.at] != '}' && s.in[s.at] != ']'
}

func (s *serializer) space() {
	for s.at < len(s.in) && s.in[s.at] <= ' ' {
		s.at++
	}
}

// unquote reads the string that starts here.
func (s *serializer) unquote() string {
	start, escaped := s.at, false
	for s.at++; s.in[s.at] != '"'; s.at++ {
		if s.in[s.at] == '\\' {
			escaped = true
			s.at++
		}
	}
	s.at++
	if !escaped {
		return string(s.in[start+1 : s.at-1])
	}
	var text string
	_ = json.Unmarshal(s.in[start:s.at], &text) // it is valid
	return text
}

func (s *serializer) text(text string) {
	s.out = append(strconv.AppendInt(append(s.out, "s:"...), int64(len(text)), 10), `:"`...)
	s.out = append(append(s.out, text...), `";`...)
}

// number keeps a float's own text: PHP reads and writes more digits than it needs to be exact.
func (s *serializer) number() {
	start := s.at
	for s.at < len(s.in) && strings.IndexByte("+-.0123456789eE", s.in[s.at]) >= 0 {
		s.at++
	}
	text := string(s.in[start:s.at])
	kind := "i:"
	if _, err := strconv.ParseInt(text, 10, 64); err != nil || text == "-0" {
		kind = "d:"
		mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
		s.Zeros = s.Zeros || strings.Trim(mantissa, "-.0") == ""
	}
	s.out = append(append(append(s.out, kind...), text...), ';')
}
