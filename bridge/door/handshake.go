package door

import (
	"encoding/base64"
	"net/http"

	"github.com/wsbridge/wsbridge/bridge/door/admission"
	"github.com/wsbridge/wsbridge/bridge/outcome"
)

// CheckHandshake refuses a request that Receive has let in and that is not a good handshake (RFC 6455, section 4.2.1), and returns
// the sub-protocol to agree to; empty: none. It does not look at Sec-WebSocket-Extensions.
func (c *Conn) CheckHandshake(r *http.Request) (subprotocol string, no *Refusal) {
	policy, origin := c.listener.cfg.Policy(), r.Header.Get("Origin")
	switch {
	case !policy.Paths.Allow(r.URL.Path):
		return "", &Refusal{Why: outcome.RefusedPath}
	case r.Method != http.MethodGet:
		return "", &Refusal{Why: outcome.RefusedMethod}
	case r.ContentLength != 0: // -1 if it is not announced
		return "", &Refusal{Why: outcome.RefusedMalformed, Detail: "a handshake has no body"}
	case repeated(r.Header) != "":
		return "", &Refusal{Why: outcome.RefusedMalformed, Detail: "more than one " + repeated(r.Header)}
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return "", &Refusal{Why: outcome.RefusedVersion}
	case !isKey(r.Header.Get("Sec-WebSocket-Key")):
		return "", &Refusal{Why: outcome.RefusedMalformed, Detail: "bad Sec-WebSocket-Key"}
	}
	subprotocol, err := admission.ChooseSubprotocol(policy.Subprotocols, r.Header["Sec-Websocket-Protocol"])
	switch {
	case err != nil:
		return "", &Refusal{Why: outcome.RefusedMalformed, Detail: err.Error()}
	case origin != "" && !policy.Origins.Allow(origin, r.Host): // programs other than browsers send none
		return "", &Refusal{Why: outcome.RefusedOrigin}
	}
	return subprotocol, nil
}

// repeated returns the name of a header that is there twice and must not be: another reader might take the other one.
func repeated(h http.Header) string {
	for _, name := range [...]string{"Sec-WebSocket-Key", "Sec-WebSocket-Version", "Origin"} {
		if len(h.Values(name)) > 1 {
			return name
		}
	}
	return ""
}

// isKey reports whether s is 16 bytes in base64.
func isKey(s string) bool {
	key, err := base64.StdEncoding.DecodeString(s)
	return err == nil && len(key) == 16
}
