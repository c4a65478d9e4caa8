package fastcgi

import (
	"net/url"
	"strings"
	"unsafe"

	"github.com/wsbridge/wsbridge/protocol"
)

const (
	// minMatch is how many bytes in a row a text has to share with a secret for them to be redacted. Shorter matches are common
	// words: a client may say "memory" before PHP says that there is not enough of it.
	minMatch = 12
	// maxSecret bounds how much of a payload is searched for, since each line that an event logs is searched.
	maxSecret = 256 << 10
	// maxText bounds a text; the rest is dropped.
	maxText = 64 << 10
	// omission replaces what was redacted.
	omission = "…"
)

// textRedactor removes from a text what clients have sent.
type textRedactor interface{ redact(text string) string }

// redactFunc is a textRedactor.
type redactFunc func(string) string

func (f redactFunc) redact(text string) string { return f(text) }

// redactor removes from PHP's messages what the client has sent: payload, cookies, credentials, query string, and sub-protocols,
// which some applications use for tokens. The message of an exception often quotes a part of them.
type redactor struct {
	off     bool
	events  []*protocol.Event
	secrets []string // nil until the first use
}

// redact returns text without secrets.
func (r *redactor) redact(text string) string {
	if r.off || len(text) < minMatch {
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
			delete(places, key) // once is enough, however often a client repeats it
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
	seen := map[*byte]bool{} // the environments, which many events may share
	for _, e := range r.events {
		add(string(e.Payload[:min(len(e.Payload), maxSecret)]))
		if start := unsafe.SliceData(e.Environment); !seen[start] {
			seen[start] = true
			secretsOf(e.Environment, add)
		}
	}
	return secrets
}

func secretsOf(environment []byte, add func(string)) {
	for name, value := range pairs(environment) {
		switch name {
		case "HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_SEC_WEBSOCKET_PROTOCOL", "QUERY_STRING":
			add(value)
			if plain, err := url.QueryUnescape(value); err == nil && plain != value { // as $_GET and $_COOKIE have it
				add(plain)
			}
		}
	}
}

// placesOf returns where each sequence of minMatch bytes occurs in text.
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
