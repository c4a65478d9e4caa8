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
	if err := u.value(0); err != nil {
		return nil, err
	}
	if len(u.rest) > 0 {
		return nil, errSerialized
	}
	return u.out, nil
}

type unserializer struct {
	rest []byte
	out  []byte
}

func (u *unserializer) value(depth int) error {
	if len(u.rest) < 2 || depth > maxDepth {
		return errSerialized
	}
	kind := u.rest[0]
	if kind == 'N' {
		return u.literal("N;", "null")
	}
	u.rest = u.rest[2:]
	switch kind {
	case 'b':
		return u.boolean()
	case 'i', 'd':
		return u.number()
	case 'r', 'R':
		return u.reference()
	case 's', 'E':
		return u.string()
	case 'a':
		return u.array(depth, "")
	case 'O':
		return u.object(depth)
	case 'C':
		return u.custom()
	}
	return errSerialized
}

func (u *unserializer) literal(text, json string) error {
	if !bytes.HasPrefix(u.rest, []byte(text)) {
		return errSerialized
	}
	u.rest = u.rest[len(text):]
	u.out = append(u.out, json...)
	return nil
}

func (u *unserializer) boolean() error {
	if bytes.HasPrefix(u.rest, []byte("1;")) {
		return u.literal("1;", "true")
	}
	return u.literal("0;", "false")
}

func (u *unserializer) number() error {
	text, err := u.until(';')
	switch {
	case err != nil:
		return err
	case json.Valid(text):
		u.out = append(u.out, text...)
		return nil
	}
	return u.write(string(text)) // INF, NAN
}

func (u *unserializer) reference() error {
	text, err := u.until(';')
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(text))
	u.out = fmt.Appendf(u.out, `{"reference":%d}`, n)
	return err
}

// string writes a string, or the name of an enumeration's case.
func (u *unserializer) string() error {
	s, err := u.text(';')
	switch {
	case err != nil:
		return err
	case utf8.Valid(s):
		return u.write(string(s))
	}
	return u.write(map[string][]byte{"base64": s})
}

// until reads up to end and skips it.
func (u *unserializer) until(end byte) ([]byte, error) {
	text, rest, ok := bytes.Cut(u.rest, []byte{end})
	if !ok {
		return nil, errSerialized
	}
	u.rest = rest
	return text, nil
}

// text reads LENGTH:"BYTES" and end.
func (u *unserializer) text(end byte) ([]byte, error) {
	length, err := u.length()
	if err != nil || len(u.rest) < length+3 || u.rest[0] != '"' || u.rest[length+1] != '"' || u.rest[length+2] != end {
		return nil, errSerialized
	}
	s := u.rest[1 : length+1]
	u.rest = u.rest[length+3:]
	return s, nil
}

// length reads a number and a colon. No length can be more than the bytes that are left.
func (u *unserializer) length() (int, error) {
	left := len(u.rest)
	text, err := u.until(':')
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 0 || n > left {
		return 0, errSerialized
	}
	return n, nil
}

func (u *unserializer) write(v any) error {
	text, err := json.Marshal(v)
	u.out = append(u.out, text...)
	return err
}

// object reads a class and its properties, which look like an array's entries.
func (u *unserializer) object(depth int) error {
	class, err := u.text(':')
	if err != nil {
		return err
	}
	return u.array(depth, string(class))
}

// array reads COUNT:{ENTRIES}. It is a list if its keys are 0, 1, 2, …, as for json_encode.
func (u *unserializer) array(depth int, class string) error {
	count, err := u.length()
	if err != nil || len(u.rest) == 0 || u.rest[0] != '{' {
		return errSerialized
	}
	u.rest = u.rest[1:]
	outer := u.out
	var names []string
	var values []json.RawMessage
	isList := class == ""
	for i := range count {
		u.out = nil
		name, isIndex, err := u.key(i)
		if err != nil {
			return err
		}
		isList = isList && isIndex
		if err := u.value(depth + 1); err != nil {
			return err
		}
		names, values = append(names, name), append(values, u.out)
	}
	if len(u.rest) == 0 || u.rest[0] != '}' {
		return errSerialized
	}
	u.rest = u.rest[1:]
	u.out = outer
	if isList {
		return u.write(append([]json.RawMessage{}, values...))
	}
	return u.members(class, names, values)
}

// key reads an entry's key and reports whether it is the index i.
func (u *unserializer) key(i int) (name string, isIndex bool, err error) {
	switch {
	case bytes.HasPrefix(u.rest, []byte("i:")):
		u.rest = u.rest[2:]
		text, err := u.until(';')
		return string(text), string(text) == strconv.Itoa(i), err
	case bytes.HasPrefix(u.rest, []byte("s:")):
		u.rest = u.rest[2:]
		s, err := u.text(';')
		return property(string(s)), false, err
	}
	return "", false, errSerialized
}

// property removes the mark of a private or protected property: the class, or an asterisk, between null bytes.
func property(name string) string {
	if mark := strings.LastIndexByte(name, 0); strings.HasPrefix(name, "\x00") && mark > 0 {
		return name[mark+1:]
	}
	return name
}

// members writes names and values as an object.
func (u *unserializer) members(class string, names []string, values []json.RawMessage) error {
	u.out = append(u.out, '{')
	if class != "" {
		u.out = append(u.out, `"__class":`...)
		if err := u.write(class); err != nil {
			return err
		}
	}
	for i, name := range names {
		if i > 0 || class != "" {
			u.out = append(u.out, ',')
		}
		if err := u.write(name); err != nil {
			return err
		}
		u.out = append(append(u.out, ':'), values[i]...)
	}
	u.out = append(u.out, '}')
	return nil
}

// custom reads an object that has serialized itself (Serializable), in a form that only its class knows.
func (u *unserializer) custom() error {
	class, err := u.text(':')
	if err != nil {
		return err
	}
	length, err := u.length()
	if err != nil || len(u.rest) < length+2 || u.rest[0] != '{' || u.rest[length+1] != '}' {
		return errSerialized
	}
	u.rest = u.rest[length+2:]
	return u.members(string(class), nil, nil)
}
