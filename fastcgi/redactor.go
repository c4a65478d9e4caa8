package fastcgi

import (
	"net/url"
	"strings"

	"github.com/wsbridge/wsbridge/protocol"
)

const (
	// minMatch is how many bytes in a row a text must share with a secret for them to be taken for a part of it. Shorter ones are words
	// of any text: a client may well say "memory" before PHP says that there is not enough of it.
	minMatch = 12
	// maxSecret bounds what of a payload is looked for, as that is done for every line that an event logs.
	maxSecret = 256 << 10
	// maxText bounds a text; the rest is dropped.
	maxText = 64 << 10
	// omission stands for what was taken out.
	omission = "…"
)

// veil takes out of what PHP says of an event what its client has sent: its payload, cookies, credentials, sub-protocols, which
// some put tokens into, and query string. An exception's message often has a piece of them.
type redactor struct {
	off         bool
	environment []byte
	events      []*protocol.Event
	secrets     []string // nil before the first use
}

// over returns text without secrets.
func (r *redactor) redact(text string) string {
	if r == nil || r.off || len(text) < minMatch {
		return text
	}
	if len(text) > maxText {
		text = text[:maxText] + omission
	}
	if r.secrets == nil {
		r.secrets = r.gather()
	}
	hidden := make([]bool, len(text))
	places := placesOf(text)
	for _, secret := range r.secrets {
		for i := range len(secret) - minMatch + 1 {
			key := secret[i : i+minMatch]
			for _, at := range places[key] {
				fill(hidden[at : at+minMatch])
			}
			delete(places, key) // a client may repeat it as often as it likes
		}
	}
	return strings.ToValidUTF8(without(text, hidden), omission)
}

func (r *redactor) gather() []string {
	secrets := []string{}
	add := func(s string) {
		if len(s) >= minMatch {
			secrets = append(secrets, s[:min(len(s), maxSecret)])
		}
	}
	for _, e := range r.events {
		add(string(e.Payload[:min(len(e.Payload), maxSecret)]))
	}
	for name, value := range pairs(r.environment) {
		switch name {
		case "HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_SEC_WEBSOCKET_PROTOCOL", "QUERY_STRING":
			add(value)
			if plain, err := url.QueryUnescape(value); err == nil && plain != value { // as $_GET and $_COOKIE have it
				add(plain)
			}
		}
	}
	return secrets
}

// placesOf returns where each run of bytes stands in text.
func placesOf(text string) map[string][]int {
	places := make(map[string][]int, len(text))
	for i := range max(0, len(text)-minMatch+1) {
		key := text[i : i+minMatch]
		places[key] = append(places[key], i)
	}
	return places
}

func fill(hidden []bool) {
	for i := range hidden {
		hidden[i] = true
	}
}

func without(text string, hidden []bool) string {
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(omission)
		}
	}
	return b.String()
}
