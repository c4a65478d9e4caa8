package outcome

import "net/http"

// Refusal is a reason why a request is refused, whether it is a handshake or not. Each has an HTTP status and a text for the client, which
// does not mention PHP. docs/endings.md has a table of them. Zero is no refusal.
type Refusal uint8

const (
	RefusedNoHandshake Refusal = iota + 1 // a request for a page where there is none
	RefusedNoUpgrade                      // a handshake of which a proxy has dropped Upgrade
	RefusedMalformed                      // a handshake that violates RFC 6455
	RefusedOrigin                         // a page that may not connect
	RefusedByHandler                      // by ws_server_authenticate or close_client, or for want of a cookie or user agent
	RefusedPath                           // a path that the server does not have
	RefusedMethod                         // a method other than GET
	RefusedTarget                         // a URL that is too long
	RefusedHost                           // a host name that the server does not have
	RefusedVersion                        // an unknown version of the WebSocket protocol
	RefusedCrowded                        // too many connections of one address
	RefusedHeader                         // a header that is too large
	RefusedFailed                         // ws_server_authenticate failed
	RefusedBusy                           // no room, no time, or no php-fpm
	RefusedStopping                       // the server shuts down
	RefusedHTTPVersion                    // a version of HTTP other than 1.1
	RefusedMoving                         // another process takes over
)

// answer is what a refusal means for a client.
type answer struct {
	name   string
	status int
	text   string
}

func (r Refusal) answer() answer {
	all := [...]answer{
		RefusedNoHandshake: {"no_handshake", http.StatusUpgradeRequired, "this is a websocket server"},
		RefusedNoUpgrade:   {"no_upgrade", http.StatusUpgradeRequired, "a websocket handshake needs Upgrade, which a proxy may have dropped"},
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
		RefusedMoving:      {"moving", http.StatusServiceUnavailable, "server restarts"},
	}
	if int(r) < len(all) {
		return all[r]
	}
	return answer{name: "unknown"}
}

// Refusals returns all refusals.
func Refusals() []Refusal {
	var all []Refusal
	for r := RefusedNoHandshake; r <= RefusedMoving; r++ {
		all = append(all, r)
	}
	return all
}

// Status returns the HTTP status, or 0 if r is no refusal.
func (r Refusal) Status() int { return r.answer().status }

// Text returns the body of the answer. That of RefusedMalformed says more if more is known.
func (r Refusal) Text() string { return r.answer().text }

// Retry reports whether the same request may succeed a little later. The answer then has a Retry-After header.
func (r Refusal) Retry() bool {
	switch r {
	case RefusedCrowded, RefusedBusy, RefusedStopping, RefusedMoving:
		return true
	}
	return false
}

// String returns the refusal's name in logs.
func (r Refusal) String() string { return r.answer().name }
