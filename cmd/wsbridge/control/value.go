package control

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// How the PHP half marks what JSON cannot carry, see package protocol.
const (
	valueTag = `{"\u0000php":`
	nameTag  = "\x00b64:"
)

// plain is a value of a row as PHP's json_encode would write it. In a list, a string over limit bytes is cut; 0: none is.
func plain(value json.RawMessage, limit int) json.RawMessage {
	if bytes.HasPrefix(value, []byte(valueTag)) {
		value = untag(value)
	}
	if limit == 0 || len(value) <= limit {
		return value
	}
	return shorten(value, limit)
}

// plainName is a field's name; one that is not UTF-8 is shown as "base64:…".
func plainName(name string) string {
	if encoded, ok := strings.CutPrefix(name, nameTag); ok {
		return "base64:" + encoded
	}
	return name
}

// untag reads what PHP has serialized. What cannot be read is shown as it is, in base64.
func untag(value json.RawMessage) json.RawMessage {
	var tagged map[string][]byte // base64 in JSON
	if json.Unmarshal(value, &tagged) != nil || len(tagged) != 1 {
		return value
	}
	for _, text := range tagged {
		if read, err := unserialize(text); err == nil {
			return read
		}
		return json.RawMessage(`{"serialized":"` + base64.StdEncoding.EncodeToString(text) + `"}`)
	}
	return value
}

// shorten cuts the strings of a value. What is still over limit with them cut is shown as its own beginning.
func shorten(value json.RawMessage, limit int) json.RawMessage {
	var text api.Text
	if value[0] == '"' && json.Unmarshal(value, &text) == nil {
		text.Shorten(limit)
	} else {
		text = api.Text{Data: value}
		text.Shorten(limit)
	}
	short, err := json.Marshal(text)
	if err != nil {
		return value
	}
	return short
}
