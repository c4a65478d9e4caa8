package socket

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// extension is offered by a client (RFC 6455, section 9.1).
type extension struct {
	name   string
	params []param
}

type param struct {
	name, value string
	hasValue    bool
}

var errExtensions = errors.New("malformed extension list")

// offers parses Sec-WebSocket-Extensions. It skips empty elements of the list (RFC 9110, section 5.6.1.2).
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

// parseExtension parses the first extension of a list. The rest begins with the comma after it.
func parseExtension(s string) (e extension, rest string, err error) {
	if e.name, s = cutToken(s); e.name == "" {
		return e, "", errExtensions
	}
	for s = skipBlanks(s); strings.HasPrefix(s, ";"); s = skipBlanks(s) {
		var p param
		if p.name, s = cutToken(skipBlanks(s[1:])); p.name == "" {
			return e, "", errExtensions
		}
		if s = skipBlanks(s); strings.HasPrefix(s, "=") {
			p.hasValue = true
			if p.value, s = cutValue(skipBlanks(s[1:])); p.value == "" {
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

func skipBlanks(s string) string { return strings.TrimLeft(s, " \t") }

// cutValue takes a token, which may be quoted, off s. Without one, v is empty.
func cutValue(s string) (v, rest string) {
	if !strings.HasPrefix(s, `"`) {
		return cutToken(s)
	}
	quoted, rest, closed := strings.Cut(s[1:], `"`)
	v, after := cutToken(strings.ReplaceAll(quoted, `\`, ""))
	if !closed || after != "" {
		return "", s
	}
	return v, rest
}

// OffersDeflate reports whether a handshake's Sec-WebSocket-Extensions offers a permessage-deflate that Upgrade can agree to. It returns
// an error if the header is malformed; the handshake then deserves status 400 (RFC 6455, section 9.1).
func OffersDeflate(h http.Header) (bool, error) {
	all, err := offers(h)
	return slices.ContainsFunc(all, extension.isDeflate), err
}

// isDeflate reports whether e is a permessage-deflate that can be agreed to. It declines unknown, repeated and invalid parameters, as
// RFC 7692, section 7.1, demands, and server_max_window_bits, which gorilla's answer cannot state. That answer always contains both
// no_context_takeover parameters, and both sides keep to them.
func (e extension) isDeflate() bool {
	if e.name != "permessage-deflate" {
		return false
	}
	seen := map[string]bool{}
	for _, p := range e.params {
		switch p.name {
		case "server_no_context_takeover", "client_no_context_takeover":
			if p.hasValue {
				return false
			}
		case "client_max_window_bits":
			if bits, err := strconv.Atoi(p.value); p.hasValue && (err != nil || bits < 8 || bits > 15 || p.value[0] == '0') {
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

// cutToken takes a token (RFC 9110, section 5.6.2) off s. Without one, token is empty.
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
