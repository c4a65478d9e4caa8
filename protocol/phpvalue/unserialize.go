package phpvalue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds the nesting of what unserialize reads.
const maxDepth = 512

var errSerialized = errors.New("not the text of PHP's serialize()")

// unserialize returns JSON for what PHP's serialize() has written. See Readable for what JSON lacks.
func unserialize(text []byte) (json.RawMessage, error) {
	u := unserializer{rest: text}
	value := u.value(0)
	if u.failed || len(u.rest) > 0 {
		return nil, errSerialized
	}
	return value, nil
}

// unserializer takes what it reads off the front of rest. Once it has failed, rest is empty and what it returns means nothing.
type unserializer struct {
	rest   []byte
	failed bool
}

func (u *unserializer) fail() { u.rest, u.failed = nil, true }

// skip takes text, which has to come next.
func (u *unserializer) skip(text string) {
	rest, ok := bytes.CutPrefix(u.rest, []byte(text))
	if u.rest = rest; !ok {
		u.fail()
	}
}

// until takes what comes before end, and end.
func (u *unserializer) until(end byte) string {
	text, rest, ok := bytes.Cut(u.rest, []byte{end})
	if u.rest = rest; !ok {
		u.fail()
	}
	return string(text)
}

// number takes an integer and end.
func (u *unserializer) number(end byte) int {
	n, err := strconv.Atoi(u.until(end))
	if err != nil {
		u.fail()
	}
	return n
}

// length takes a number and a colon. No length can be more than the bytes that are left.
func (u *unserializer) length() int {
	n := u.number(':')
	if n < 0 || n > len(u.rest) {
		u.fail()
		return 0
	}
	return n
}

// text takes LENGTH:"BYTES", or with other marks in place of the quotes.
func (u *unserializer) text(opening, closing string) string {
	n := u.length()
	u.skip(opening)
	if n > len(u.rest) {
		u.fail()
		return ""
	}
	text := string(u.rest[:n])
	u.rest = u.rest[n:]
	u.skip(closing)
	return text
}

func (u *unserializer) value(depth int) json.RawMessage {
	if len(u.rest) < 2 || depth > maxDepth {
		u.fail()
		return nil
	}
	kind := u.rest[0]
	if kind == 'N' {
		u.skip("N;")
		return json.RawMessage("null")
	}
	u.rest = u.rest[2:]
	switch kind {
	case 'b':
		return u.boolean()
	case 'i', 'd':
		return number(u.until(';'))
	case 'r', 'R':
		return fmt.Appendf(nil, `{"reference":%d}`, u.number(';'))
	case 's', 'E': // a string, or the name of an enumeration's case
		return readableText(u.text(`"`, `";`))
	case 'a':
		return u.array(depth, "")
	case 'O': // its properties look like an array's entries
		return u.array(depth, u.text(`"`, `":`))
	case 'C': // an object that has serialized itself (Serializable), in a form that only its class knows
		class := u.text(`"`, `":`)
		u.text("{", "}")
		return object(class, nil, nil)
	}
	u.fail()
	return nil
}

func (u *unserializer) boolean() json.RawMessage {
	if bytes.HasPrefix(u.rest, []byte("1;")) {
		u.skip("1;")
		return json.RawMessage("true")
	}
	u.skip("0;")
	return json.RawMessage("false")
}

// array takes COUNT:{ENTRIES}. It is a list if its keys are 0, 1, 2, …, as for json_encode.
func (u *unserializer) array(depth int, class string) json.RawMessage {
	count := u.length()
	u.skip("{")
	isList := class == ""
	names, values := []string{}, []json.RawMessage{}
	for i := 0; i < count && !u.failed; i++ {
		name, isIndex := u.key()
		isList = isList && isIndex && name == strconv.Itoa(i)
		names, values = append(names, name), append(values, u.value(depth+1))
	}
	u.skip("}")
	if u.failed {
		return nil
	}
	if isList {
		return encode(values)
	}
	return object(class, names, values)
}

// key takes an entry's key and reports whether it is an integer.
func (u *unserializer) key() (name string, isInteger bool) {
	if bytes.HasPrefix(u.rest, []byte("i:")) {
		u.skip("i:")
		return u.until(';'), true
	}
	u.skip("s:")
	return property(u.text(`"`, `";`)), false
}

// property removes the mark of a private or protected property: the class, or an asterisk, between null bytes.
func property(name string) string {
	if mark := strings.LastIndexByte(name, 0); strings.HasPrefix(name, "\x00") && mark > 0 {
		return name[mark+1:]
	}
	return name
}

func number(text string) json.RawMessage {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return encode(text) // INF, NAN
}

func readableText(s string) json.RawMessage {
	if utf8.ValidString(s) {
		return encode(s)
	}
	return encode(map[string][]byte{"base64": []byte(s)})
}

// object writes names and values as an object.
func object(class string, names []string, values []json.RawMessage) json.RawMessage {
	if class != "" {
		names, values = append([]string{"__class"}, names...), append([]json.RawMessage{encode(class)}, values...)
	}
	b := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, encode(name)...), ':'), values[i]...)
	}
	return append(b, '}')
}

// encode writes what always can be: texts, and JSON.
func encode(v any) json.RawMessage {
	b, _ := json.Marshal(v)
	return b
}
