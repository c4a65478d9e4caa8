package phpvalue

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// The marks of tagged values and names.
const (
	valueTag = "\x00php"
	nameTag  = "\x00b64:"
)

// taggedPrefix begins a tagged value.
const taggedPrefix = `{"\u0000php":`

// Readable returns JSON that shows a value to people: a tagged value is decoded, any other is returned as it is.
//
// Of a decoded value an object becomes its properties and its class as "__class", a reference to another part of the value
// {"reference":N}, bytes that are not UTF-8 {"base64":"…"}, and a number that JSON lacks a string. A value that cannot be
// decoded becomes {"serialized":"…"}, in base64.
func Readable(value json.RawMessage) json.RawMessage {
	if !bytes.HasPrefix(value, []byte(taggedPrefix)) {
		return value
	}
	var tagged map[string][]byte // base64 in JSON
	if json.Unmarshal(value, &tagged) != nil || len(tagged) != 1 {
		return value
	}
	text := tagged[valueTag]
	if read, err := unserialize(text); err == nil {
		return read
	}
	return json.RawMessage(`{"serialized":"` + base64.StdEncoding.EncodeToString(text) + `"}`)
}

// ReadableName returns a field's name for people. A tagged name becomes "base64:…".
func ReadableName(name string) string {
	if encoded, ok := strings.CutPrefix(name, nameTag); ok {
		return "base64:" + encoded
	}
	return name
}
