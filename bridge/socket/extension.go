package socket

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// extension is one that a client offers, with its parameters in their order (RFC 6455, section 9.1).
type extension struct {
	name   string
	params []param
}

type param struct {
	name, value string
	valued      bool // there is a value
}

var errExtensions = errors.New("malformed extension list")

// offers parses Sec-WebSocket-Extensions. Empty elements of the list are nothing (RFC 9110, section 5.6.1.2).
func offers(h http.Header) ([]extension, error) {
	var all []extension
	for _, line := range h.Values("Sec-WebSocket-Extensions") {
		for rest := line; ; {
			rest = strings.TrimLeft(rest, " \t,")
			if rest == "" {
				break
			}
			var e extension
			var err error
			if e, rest, err = parseExtension(rest); err != nil {
				return nil, fmt.Errorf("%w: %q", err, line)
			}
			all = append(all, e)
		}
	}
	return all, nil
}

// parseExtension takes an extension off the list, and leaves the comma behind it.
func parseExtension(s string) (e extension, rest string, err error) {
	if e.name, s = cutToken(s); e.name == "" {
		return e, "", errExtensions
	}
	for s = blank(s); strings.HasPrefix(s, ";"); s = blank(s) {
		var p param
		if p.name, s = cutToken(blank(s[1:])); p.name == "" {
			return e, "", errExtensions
		}
		if s = blank(s); strings.HasPrefix(s, "=") {
			p.valued = true
			if p.value, s = value(blank(s[1:])); p.value == "" {
				return e, "", errExtensions
			}
		}
		e.params = append(e.params, p)
	}
	if s != "" && s[0] != ',' {
		return e, "", errExtensions
	}
	return e, s, nil
}

func blank(s string) string { return strings.TrimLeft(s, " \t") }

// value is a token, or one in quotes.
func value(s string) (v, rest string) {
	if !strings.HasPrefix(s, `"`) {
		return cutToken(s)
	}
	quoted, rest, closed := strings.Cut(s[1:], `"`)
	v, behind := cutToken(strings.ReplaceAll(quoted, `\`, ""))
	if !closed || behind != "" {
		return "", s
	}
	return v, rest
}

// OffersDeflate reports whether Sec-WebSocket-Extensions offers a permessage-deflate that can be agreed to. An error says that the
// header is malformed, which deserves status 400 (RFC 6455, section 9.1).
func OffersDeflate(h http.Header) (bool, error) {
	all, err := offers(h)
	return slices.ContainsFunc(all, extension.isDeflate), err
}

// isDeflate declines, as RFC 7692, section 7.1, demands, parameters that are unknown, given twice or out of range, and what
// gorilla cannot do: it compresses with a window of 32 KiB, and its answer has no place for another. It never uses what an
// earlier message has left in the window, so both no_context_takeover are what is agreed to anyway.
func (e extension) isDeflate() bool {
	if e.name != "permessage-deflate" {
		return false
	}
	seen := map[string]bool{}
	for _, p := range e.params {
		switch p.name {
		case "server_no_context_takeover", "client_no_context_takeover":
			if p.valued {
				return false
			}
		case "client_max_window_bits":
			if bits, err := strconv.Atoi(p.value); p.valued && (err != nil || bits < 8 || bits > 15 || p.value[0] == '0') {
				return false
			}
		default:
			return false
		}
		if seen[p.name] {
			return false
		}
		seen[p.name] = true
	}
	return true
}

// cutToken takes a token (RFC 9110, section 5.6.2) off s; without one, token is empty.
func cutToken(s string) (token, rest string) {
	end := strings.IndexFunc(s, func(r rune) bool {
		isAlphanumeric := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !isAlphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}
