package control

import (
	"encoding/json"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/protocol"
	"github.com/wsbridge/wsbridge/protocol/phpvalue"
)

// readable returns a row's field for people. A value over limit bytes is cut; a limit of 0 is none.
func readable(name string, value json.RawMessage, limit int) protocol.Field {
	value = phpvalue.Readable(value)
	if limit > 0 && len(value) > limit {
		value = shorten(value, limit)
	}
	return protocol.Field{Name: phpvalue.ReadableName(name), Value: value}
}

// shorten cuts a string, or the text of any other value.
func shorten(value json.RawMessage, limit int) json.RawMessage {
	text := api.Text{Data: value}
	if value[0] == '"' {
		_ = json.Unmarshal(value, &text) // valid JSON, so it cannot fail
	}
	text.Shorten(limit)
	short, _ := json.Marshal(text) // nor can this
	return short
}
