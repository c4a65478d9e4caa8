package bridge

import (
	"encoding/json"
	"strings"

	"github.com/wsbridge/wsbridge/protocol"
)

// Condition is what a field of a row has to be: text, or with Prefix the beginning of it.
type Condition struct {
	Field string
	Value string
	// Prefix: whatever begins with Value fits.
	Prefix bool
}

// Filter picks rows: those that meet every condition.
type Filter []Condition

func (f Filter) fits(row protocol.Fields) bool {
	for _, c := range f {
		text, ok := textOf(row.Get(c.Field))
		if !ok || !c.Prefix && text != c.Value || c.Prefix && !strings.HasPrefix(text, c.Value) {
			return false
		}
	}
	return true
}

// textOf returns a value as people write it: a string itself, a number or a boolean as in JSON, nothing for null and for a
// field that is not there. Arrays, and strings that are no UTF-8, have none.
func textOf(value json.RawMessage) (string, bool) {
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
