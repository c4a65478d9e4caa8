package api

import (
	"encoding/json"
	"unicode/utf8"
)

// Text is bytes that are usually text: in JSON a string, or {"base64":"…"} if they are not UTF-8. In lists, a long string is
// {"text":"…","cut_bytes":N}: its start, and how many bytes are missing.
type Text struct {
	Data []byte
	Cut  int // bytes that are missing at the end
}

type textObject struct {
	Text   *string `json:"text,omitempty"`
	Base64 []byte  `json:"base64,omitempty"`
	Cut    int     `json:"cut_bytes,omitempty"`
}

// Shorten cuts t to limit bytes, between two characters if it is UTF-8.
func (t *Text) Shorten(limit int) {
	if len(t.Data) <= limit {
		return
	}
	end := limit
	if utf8.Valid(t.Data) {
		for !utf8.RuneStart(t.Data[end]) {
			end--
		}
	}
	t.Cut += len(t.Data) - end
	t.Data = t.Data[:end]
}

// MarshalJSON writes one of the forms above.
func (t Text) MarshalJSON() ([]byte, error) {
	s := string(t.Data)
	switch {
	case !utf8.Valid(t.Data):
		return json.Marshal(textObject{Base64: t.Data, Cut: t.Cut})
	case t.Cut > 0:
		return json.Marshal(textObject{Text: &s, Cut: t.Cut})
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads each of the forms.
func (t *Text) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*t = Text{Data: []byte(s)}
		return nil
	}
	var o textObject
	if err := json.Unmarshal(data, &o); err != nil {
		return err
	}
	*t = Text{Data: o.Base64, Cut: o.Cut}
	if o.Text != nil {
		t.Data = []byte(*o.Text)
	}
	return nil
}
