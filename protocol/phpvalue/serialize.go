package phpvalue

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Traits say what PHP has to look for in serialized values. Where they are false it can save the search.
type Traits struct {
	Tagged bool // there may be tagged values or names
	Zeros  bool // there may be 0.0 or -0.0, which PHP takes for equal
}

// Join adds the traits of further values.
func (t *Traits) Join(u Traits) {
	t.Tagged = t.Tagged || u.Tagged
	t.Zeros = t.Zeros || u.Zeros
}

// ArrayEnd ends an array.
const ArrayEnd = "}"

// AppendArrayHead appends the beginning of an array. That many entries and ArrayEnd have to follow.
func AppendArrayHead(b []byte, entries int) []byte {
	return append(strconv.AppendInt(append(b, "a:"...), int64(entries), 10), ":{"...)
}

// AppendKey appends an integer, as the key of an array's entry.
func AppendKey(b []byte, key int64) []byte {
	return append(strconv.AppendInt(append(b, "i:"...), key, 10), ';')
}

// AppendText appends a string.
func AppendText(b []byte, text string) []byte {
	b = append(strconv.AppendInt(append(b, "s:"...), int64(len(text)), 10), `:"`...)
	return append(append(b, text...), `";`...)
}

// AppendEntry appends an array's entry: a name, and what PHP's json_decode makes of value, which has to be valid JSON.
// A name that looks like an integer may stay text: unserialize() makes it one.
func AppendEntry(b []byte, name string, value json.RawMessage) ([]byte, Traits) {
	s := serializer{in: value, out: b}
	s.Tagged = strings.HasPrefix(name, nameTag)
	s.text(name)
	s.value()
	return s.out, s.Traits
}

// serializer writes valid JSON as serialize() writes what json_decode() makes of it.
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

// array writes an object or a list. Its head is inserted last, since it holds the number of entries.
func (s *serializer) array() {
	isObject := s.in[s.at] == '{'
	start := len(s.out)
	entries := 0
	for s.at++; s.more(); entries++ {
		if isObject {
			s.member()
		} else {
			s.out = AppendKey(s.out, int64(entries))
		}
		s.value()
	}
	s.at++ // the bracket
	var head [32]byte
	s.out = slices.Insert(s.out, start, AppendArrayHead(head[:0], entries)...)
	s.out = append(s.out, ArrayEnd...)
}

// member writes an object's next name and skips the colon.
func (s *serializer) member() {
	name := s.unquote()
	s.Tagged = s.Tagged || name == valueTag
	s.text(name)
	s.space()
	s.at++
}

// more skips to the next entry and reports whether there is one.
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
	_ = json.Unmarshal(s.in[start:s.at], &text) // valid JSON, so it cannot fail
	return text
}

func (s *serializer) text(text string) { s.out = AppendText(s.out, text) }

// number keeps the text of a float: PHP reads and writes more digits than it needs to be exact.
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
