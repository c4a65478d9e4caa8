package fastcgi

import (
	"net/url"
	"strings"

	"github.com/wsbridge/wsbridge/protocol"
)

const (
	// run is how many bytes in a row a text must share with a secret for them to be taken for a part of it. Shorter ones are words
	// of any text: a client may well say "memory" before PHP says that there is not enough of it.
	run = 12
	// most bounds what of a payload is looked for, as that is done for every line that an event logs.
	most = 256 << 10
	// longest bounds a text; the rest is dropped.
	longest = 64 << 10
	// gap stands for what was taken out.
	gap = "…"
)

// veil takes out of what PHP says of an event what its client has sent: its payload, cookies, credentials, sub-protocols, which
// some put tokens into, and query string. An exception's message often has a piece of them.
type veil struct {
	lifted      bool
	environment []byte
	events      []*protocol.Event
	secrets     []string // nil before the first use
}

// over returns text without secrets.
func (v *veil) over(text string) string {
	if v == nil || v.lifted || len(text) < run {
		return text
	}
	if len(text) > longest {
		text = text[:longest] + gap
	}
	if v.secrets == nil {
		v.secrets = v.gather()
	}
	hidden := make([]bool, len(text))
	places := placesOf(text)
	for _, secret := range v.secrets {
		for i := range len(secret) - run + 1 {
			key := secret[i : i+run]
			for _, at := range places[key] {
				fill(hidden[at : at+run])
			}
			delete(places, key) // a client may repeat it as often as it likes
		}
	}
	return strings.ToValidUTF8(without(text, hidden), gap)
}

func (v *veil) gather() []string {
	secrets := []string{}
	add := func(s string) {
		if len(s) >= run {
			secrets = append(secrets, s[:min(len(s), most)])
		}
	}
	for _, e := range v.events {
		add(string(e.Payload[:min(len(e.Payload), most)]))
	}
	for name, value := range pairs(v.environment) {
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
	for i := range max(0, len(text)-run+1) {
		key := text[i : i+run]
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
			b.WriteString(gap)
		}
	}
	return b.String()
}
