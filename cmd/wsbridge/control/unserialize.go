package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// maxDepth bounds how deep values may stand in each other: what is shown is read by people.
const maxDepth = 512

var errSerialized = errors.New("not the text of PHP's serialize()")

// unserialize returns JSON for what PHP's serialize() has written, for people to read: an object is its properties with its
// class as "__class", a reference to another part of the value {"reference":N}, a number that JSON does not have a string.
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
	case 'i', 'd', 'r', 'R':
		return u.number(kind)
	case 's':
		s, err := u.text(';')
		if err != nil {
			return err
		}
		return u.write(api.Text{Data: s})
	case 'a':
		return u.array(depth, "")
	case 'O':
		class, err := u.text(':')
		if err != nil {
			return err
		}
		return u.array(depth, string(class))
	case 'E':
		name, err := u.text(';')
		if err != nil {
			return err
		}
		return u.write(api.Text{Data: name})
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

func (u *unserializer) number(kind byte) error {
	text, rest, ok := bytes.Cut(u.rest, []byte{';'})
	if !ok {
		return errSerialized
	}
	u.rest = rest
	switch {
	case kind == 'r' || kind == 'R':
		n, err := strconv.Atoi(string(text))
		u.out = fmt.Appendf(u.out, `{"reference":%d}`, n)
		return err
	case json.Valid(text):
		u.out = append(u.out, text...)
		return nil
	}
	return u.write(string(text)) // INF, NAN, 1.0E+25
}

// text reads LENGTH:"BYTES" and what ends it.
func (u *unserializer) text(end byte) ([]byte, error) {
	length, err := u.length()
	if err != nil || len(u.rest) < length+3 || u.rest[0] != '"' || u.rest[length+1] != '"' || u.rest[length+2] != end {
		return nil, errSerialized
	}
	s := u.rest[1 : length+1]
	u.rest = u.rest[length+3:]
	return s, nil
}

// length reads NUMBER and a colon.
func (u *unserializer) length() (int, error) {
	text, rest, _ := bytes.Cut(u.rest, []byte{':'})
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 0 || n > len(u.rest) {
		return 0, errSerialized
	}
	u.rest = rest
	return n, nil
}

func (u *unserializer) write(v any) error {
	text, err := json.Marshal(v)
	u.out = append(u.out, text...)
	return err
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
	return u.object(class, names, values)
}

// key reads an entry's key, and reports whether it is the index i.
func (u *unserializer) key(i int) (name string, isIndex bool, err error) {
	switch {
	case bytes.HasPrefix(u.rest, []byte("i:")):
		text, rest, ok := bytes.Cut(u.rest[2:], []byte{';'})
		if !ok {
			return "", false, errSerialized
		}
		u.rest = rest
		return string(text), string(text) == strconv.Itoa(i), nil
	case bytes.HasPrefix(u.rest, []byte("s:")):
		u.rest = u.rest[2:]
		s, err := u.text(';')
		return property(string(s)), false, err
	}
	return "", false, errSerialized
}

// property leaves out what marks a private or protected property: the class, or an asterisk, between null bytes.
func property(name string) string {
	if mark := strings.LastIndexByte(name, 0); strings.HasPrefix(name, "\x00") && mark > 0 {
		return name[mark+1:]
	}
	return name
}

func (u *unserializer) object(class string, names []string, values []json.RawMessage) error {
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

// custom reads an object that wrote itself (Serializable): only its class can be told.
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
	return u.object(string(class), nil, nil)
}
