package rows

import (
	"encoding/json"
	"strings"

	"github.com/wsbridge/wsbridge/protocol"
)

// Condition matches a row whose field has the text Value or, with Prefix, begins with it.
type Condition struct {
	Field  string
	Value  string
	Prefix bool
}

// Filter matches a row if all of its conditions do.
type Filter []Condition

func (f Filter) matches(row protocol.Fields) bool {
	for _, c := range f {
		text, ok := TextOf(row.Get(c.Field))
		if !ok || !c.Prefix && text != c.Value || c.Prefix && !strings.HasPrefix(text, c.Value) {
			return false
		}
	}
	return true
}

// TextOf returns a value of a row as text: a string as it is, a number or a boolean as in JSON, and null or a missing field as an empty
// text. It reports false for arrays, and for strings that are not UTF-8.
func TextOf(value json.RawMessage) (string, bool) {
	switch {
	case len(value) == 0 || string(value) == "null":
		return "", true
	case value[0] == '{' || value[0] == '[':
		return "", false
	case value[0] != '"':
		return string(value), true
	case strings.IndexByte(string(value), '\\') < 0:
		return string(value[1 : len(value)-1]), true
	}
	var text string
	err := json.Unmarshal(value, &text)
	return text, err == nil
}
