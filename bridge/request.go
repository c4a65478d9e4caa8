package bridge

import (
	"encoding/base64"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/door/admission"
	"github.com/wsbridge/wsbridge/bridge/outcome"
	"github.com/wsbridge/wsbridge/bridge/socket"
)

const (
	// maxFields of a header are more than clients send, and each is an element of $_SERVER.
	maxFields = 100
	// maxTarget is what a server should take at least (RFC 9112, section 3).
	maxTarget = 8000
)

// receive makes of a request what its client has asked for: a trusted proxy's words become the client's own. It refuses what
// is no request to this server, and clients that there is no room for.
func (b *Bridge) receive(r *http.Request) *refusal {
	v, isVisitor := connOf[*visitor](r)
	if isVisitor {
		v.until = time.Time{}
	}
	for _, step := range [...]func(*http.Request) *refusal{b.checkSize, checkTarget, b.believe} {
		if no := step(r); no != nil {
			return no
		}
	}
	if isVisitor {
		if err := v.take(admission.AddrPort(r.RemoteAddr).Addr()); err != nil {
			b.doorman.turns(err, r.RemoteAddr)
			return crowded(err)
		}
	}
	if !b.cfg().Hosts.Allow(r.Host) {
		return &refusal{why: outcome.RefusedHost}
	}
	return nil
}

// checkSize is exact where net/http reads some kilobytes more than its limit.
func (b *Bridge) checkSize(r *http.Request) *refusal {
	fields := 0
	size := len(r.Method+r.RequestURI+r.Proto+r.Host) + len("  \r\nHost: \r\n\r\n")
	for name, values := range r.Header {
		fields += len(values)
		for _, value := range values {
			size += len(name) + len(": \r\n") + len(value)
		}
	}
	switch {
	case len(r.RequestURI) > maxTarget:
		return &refusal{why: outcome.RefusedTarget}
	case size > b.cfg().MaxHeader, fields > maxFields:
		return &refusal{why: outcome.RefusedHeader}
	}
	return nil
}

// checkTarget makes the absolute form of a request's target (RFC 9112, section 3.2.2) the usual one; net/http has taken its
// host for the Host header's. What HTTP/2 begins with reaches handlers, too.
func checkTarget(r *http.Request) *refusal {
	if r.ProtoMajor != 1 {
		return &refusal{why: outcome.RefusedHTTPVersion}
	}
	if r.URL.Host != "" && slices.Contains([]string{"http", "https", "ws", "wss"}, r.URL.Scheme) {
		r.URL.Scheme, r.URL.Host, r.URL.User = "", "", nil
		r.RequestURI = r.URL.RequestURI()
	}
	if r.URL.Scheme != "" || r.URL.Host != "" || r.RequestURI[0] != '/' {
		return &refusal{outcome.RefusedMalformed, "bad request target"}
	}
	return nil
}

// believe takes what trusted proxies say of the client. That its side is encrypted becomes the scheme of the request's URL.
func (b *Bridge) believe(r *http.Request) *refusal {
	peer := admission.AddrPort(r.RemoteAddr)
	c, err := b.cfg().Forwarding.Client(peer, r.Header)
	if err != nil {
		return &refusal{outcome.RefusedMalformed, err.Error()}
	}
	if c.Addr != peer {
		r.RemoteAddr = c.Addr.String()
	}
	if c.Secure {
		r.URL.Scheme = "https"
	}
	if c.Host != "" {
		r.Host = c.Host
	}
	return nil
}

// isHandshake ignores what a request in HTTP/1.0 would upgrade to (RFC 9110, section 7.8).
func isHandshake(r *http.Request) bool {
	return r.ProtoAtLeast(1, 1) && websocket.IsWebSocketUpgrade(r)
}

// offer is what a handshake offers, as far as it can be agreed to.
type offer struct {
	deflate     bool
	subprotocol string // empty: none
}

// checkHandshake refuses what is no good handshake before PHP hears of it (RFC 6455, section 4.2.1).
func (b *Bridge) checkHandshake(r *http.Request) (offer, *refusal) {
	deflate, malformed := socket.OffersDeflate(r.Header)
	subprotocols, badProtocols := admission.OfferedSubprotocols(r.Header["Sec-Websocket-Protocol"])
	o := offer{deflate, admission.ChooseSubprotocol(b.cfg().Subprotocols, subprotocols)}
	return o, b.malformed(r, malformed, badProtocols)
}

func (b *Bridge) malformed(r *http.Request, malformed, badProtocols error) *refusal {
	key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-WebSocket-Key"))
	origin := r.Header.Get("Origin")
	switch {
	case !b.cfg().Paths.Allow(r.URL.Path):
		return &refusal{why: outcome.RefusedPath}
	case r.Method != http.MethodGet:
		return &refusal{why: outcome.RefusedMethod}
	case r.ContentLength != 0: // -1 if it is not announced
		return &refusal{outcome.RefusedMalformed, "a handshake has no body"}
	case repeated(r.Header) != "":
		return &refusal{outcome.RefusedMalformed, "more than one " + repeated(r.Header)}
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return &refusal{why: outcome.RefusedVersion}
	case err != nil || len(key) != 16:
		return &refusal{outcome.RefusedMalformed, "bad Sec-WebSocket-Key"}
	case malformed != nil: // RFC 6455, section 9.1
		return &refusal{outcome.RefusedMalformed, "bad Sec-WebSocket-Extensions"}
	case badProtocols != nil:
		return &refusal{outcome.RefusedMalformed, badProtocols.Error()}
	case origin != "" && !b.cfg().Origins.Allow(origin, r.Host): // programs that are no browser send none
		return &refusal{why: outcome.RefusedOrigin}
	}
	return nil
}

// repeated names a header that stands there twice, and must not: another reader might take the other one for it.
func repeated(h http.Header) string {
	for _, name := range [...]string{"Sec-WebSocket-Key", "Sec-WebSocket-Version", "Origin"} {
		if len(h.Values(name)) > 1 {
			return name
		}
	}
	return ""
}
