package socket

import (
	"errors"
	"fmt"
	"net/http"
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
		for element := range strings.SplitSeq(line, ",") {
			if element = trimBlanks(element); element == "" {
				continue
			}
			e, ok := parseExtension(element)
			if !ok {
				return nil, fmt.Errorf("%w: %q", errExtensions, line)
			}
			all = append(all, e)
		}
	}
	return all, nil
}

// parseExtension parses an element of the list. A comma or a semicolon always separates: even a quoted value has to be a token.
func parseExtension(s string) (e extension, ok bool) {
	name, params, hasParams := strings.Cut(s, ";")
	e.name, ok = trimBlanks(name), isToken(trimBlanks(name))
	for ok && hasParams {
		var p param
		s, params, hasParams = strings.Cut(params, ";")
		p.name, p.value, p.hasValue = strings.Cut(s, "=")
		p.name, p.value = trimBlanks(p.name), unquote(trimBlanks(p.value))
		ok = isToken(p.name) && (!p.hasValue || isToken(p.value))
		e.params = append(e.params, p)
	}
	return e, ok
}

func trimBlanks(s string) string { return strings.Trim(s, " \t") }

// unquote returns the content of a quoted value, and any other value as it is.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	return strings.ReplaceAll(s[1:len(s)-1], `\`, "")
}

// isToken reports whether s is a token (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	const chars = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return s != "" && strings.Trim(s, chars) == ""
}

const clientApart = "client_no_context_takeover"

// Deflate is what is agreed to of permessage-deflate (RFC 7692). The server never refers to earlier messages.
type Deflate byte

const (
	NoDeflate       Deflate = iota
	DeflateApart            // neither does the client
	DeflateInWindow         // the client may refer to what it sent before
)

// AgreeToDeflate returns what Upgrade can agree to of a handshake's Sec-WebSocket-Extensions. It returns an error if the header is
// malformed; the handshake then deserves status 400 (RFC 6455, section 9.1).
func AgreeToDeflate(h http.Header) (Deflate, error) {
	all, err := offers(h)
	for _, e := range all {
		if d := e.deflate(); d != NoDeflate {
			return d, err
		}
	}
	return NoDeflate, err
}

// header is the answer's Sec-WebSocket-Extensions. The client is asked for no_context_takeover only if it has offered that: it would have
// to heed it all the same (RFC 7692, section 7.1.1.2), but some do not.
func (d Deflate) header() string {
	const apart = "permessage-deflate; server_no_context_takeover"
	if d == DeflateApart {
		return apart + "; " + clientApart
	}
	return apart
}

// deflate returns what can be agreed to if e is a permessage-deflate. It declines unknown, repeated and invalid parameters, as RFC 7692,
// section 7.1, demands, and server_max_window_bits, since compress/flate always uses the whole window.
func (e extension) deflate() Deflate {
	if e.name != "permessage-deflate" {
		return NoDeflate
	}
	seen := map[string]bool{}
	for _, p := range e.params {
		switch p.name {
		case "server_no_context_takeover", clientApart:
			if p.hasValue {
				return NoDeflate
			}
		case "client_max_window_bits":
			if bits, err := strconv.Atoi(p.value); p.hasValue && (err != nil || bits < 8 || bits > 15 || p.value[0] == '0') {
				return NoDeflate
			}
		default:
			return NoDeflate
		}
		if seen[p.name] {
			return NoDeflate
		}
		seen[p.name] = true
	}
	if seen[clientApart] {
		return DeflateApart
	}
	return DeflateInWindow
}
