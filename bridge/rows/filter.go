package rows

import (
	"encoding/json"
	"strings"

	"github.com/wsbridge/wsbridge/protocol"
)

// Condition is met by a row whose field is the text Value, or with Prefix begins with it.
type Condition struct {
	Field  string
	Value  string
	Prefix bool
}

// Filter fits the rows that meet every condition.
type Filter []Condition

func (f Filter) fits(row protocol.Fields) bool {
	for _, c := range f {
		text, ok := TextOf(row.Get(c.Field))
		if !ok || !c.Prefix && text != c.Value || c.Prefix && !strings.HasPrefix(text, c.Value) {
			return false
		}
	}
	return true
}

// TextOf returns a value as people write it: a string itself, a number or a boolean as in JSON, an empty text for null and for a
// missing field. It reports false for arrays and for strings that are not UTF-8.
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
