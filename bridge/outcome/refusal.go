package outcome

import "net/http"

// Refusal names every way a request is refused, handshake or not. Each has an HTTP status, and a text for the client, which says
// nothing of PHP. docs/endings.md has them as a table. Zero is none.
type Refusal uint8

const (
	RefusedNoHandshake Refusal = iota + 1 // a request for a page, and there is none
	RefusedMalformed                      // not a handshake as RFC 6455 has it
	RefusedOrigin                         // of a page that may not connect
	RefusedByHandler                      // ws_server_authenticate, close_client, or a cookie or user agent that is demanded
	RefusedPath                           // that is not the server's
	RefusedMethod                         // other than GET
	RefusedTarget                         // a URL that is too long
	RefusedHost                           // a name that is not the server's
	RefusedVersion                        // of the WebSocket protocol
	RefusedCrowded                        // too many of one address
	RefusedHeader                         // that is too large
	RefusedFailed                         // ws_server_authenticate failed
	RefusedBusy                           // no room, no time, or no php-fpm
	RefusedStopping                       // the server shuts down
	RefusedHTTPVersion                    // other than HTTP/1.1
)

// answer is what a refusal means to a client.
type answer struct {
	name   string
	status int
	text   string
}

func (r Refusal) answer() answer {
	all := [...]answer{
		RefusedNoHandshake: {"no_handshake", http.StatusUpgradeRequired, "this is a websocket server"},
		RefusedMalformed:   {"malformed", http.StatusBadRequest, "bad request"},
		RefusedOrigin:      {"origin", http.StatusForbidden, "origin not allowed"},
		RefusedByHandler:   {"handler", http.StatusForbidden, "forbidden"},
		RefusedPath:        {"path", http.StatusNotFound, "not found"},
		RefusedMethod:      {"method", http.StatusMethodNotAllowed, "a handshake is a GET"},
		RefusedTarget:      {"target", http.StatusRequestURITooLong, "request target too long"},
		RefusedHost:        {"host", http.StatusMisdirectedRequest, "this server is not asked for by that name"},
		RefusedVersion:     {"version", http.StatusUpgradeRequired, "websocket version 13 is required"},
		RefusedCrowded:     {"crowded", http.StatusTooManyRequests, "too many connections, try again later"},
		RefusedHeader:      {"header", http.StatusRequestHeaderFieldsTooLarge, "request header too large"},
		RefusedFailed:      {"failed", http.StatusInternalServerError, "internal error"},
		RefusedBusy:        {"busy", http.StatusServiceUnavailable, "try again later"},
		RefusedStopping:    {"stopping", http.StatusServiceUnavailable, "server shutting down"},
		RefusedHTTPVersion: {"http_version", http.StatusHTTPVersionNotSupported, "HTTP/1.1 is spoken here"},
	}
	if int(r) < len(all) {
		return all[r]
	}
	return answer{name: "unknown"}
}

// Refusals returns them all.
func Refusals() []Refusal {
	var all []Refusal
	for r := RefusedNoHandshake; r <= RefusedHTTPVersion; r++ {
		all = append(all, r)
	}
	return all
}

// Status is the HTTP status; 0 if r is none.
func (r Refusal) Status() int { return r.answer().status }

// Text is the answer's body. That of RefusedMalformed says more where it is known.
func (r Refusal) Text() string { return r.answer().text }

// Retry reports whether the same request may be let in a little later. The answer then has a Retry-After.
func (r Refusal) Retry() bool {
	switch r {
	case RefusedCrowded, RefusedBusy, RefusedStopping:
		return true
	}
	return false
}

// String is the refusal's name in logs.
func (r Refusal) String() string { return r.answer().name }
