package door

import (
	"net/http"
	"slices"
	"time"

	"github.com/wsbridge/wsbridge/bridge/door/admission"
	"github.com/wsbridge/wsbridge/bridge/outcome"
)

const (
	// maxFields of a header are more than clients send, and each is an element of $_SERVER.
	maxFields = 100
	// maxTarget is what a server should take at least (RFC 9112, section 3).
	maxTarget = 8000
)

// Receive is called with each request that was read from c, before anything else looks at it. It changes r to what the client asked
// for, as trusted proxies tell: RemoteAddr, Host, and the scheme https in URL if the client's side is encrypted. It refuses requests
// that are not for this server, and clients that there is no room for. It ends the handshake's deadline.
func (c *Conn) Receive(r *http.Request) *Refusal {
	c.deadline = time.Time{}
	c.endEarly()
	if c.tls != nil && r.TLS == nil { // net/http does not see it under another layer
		state := c.tls.ConnectionState()
		r.TLS = &state
	}
	policy := c.listener.cfg.Policy()
	if no := checkSize(r, c.listener.cfg.MaxHeader); no != nil {
		return no
	}
	if no := checkTarget(r); no != nil {
		return no
	}
	if no := believe(r, policy.Forwarding); no != nil {
		return no
	}
	if c.header != nil && c.header.secure {
		r.URL.Scheme = "https"
	}
	if err := c.assign(admission.AddrPort(r.RemoteAddr).Addr()); err != nil {
		return c.listener.rejected(err, r.RemoteAddr)
	}
	if !policy.Hosts.Allow(r.Host) {
		return &Refusal{Why: outcome.RefusedHost}
	}
	return nil
}

// checkSize is exact where net/http reads some kilobytes more than its limit.
func checkSize(r *http.Request, most int) *Refusal {
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
		return &Refusal{Why: outcome.RefusedTarget}
	case size > most, fields > maxFields:
		return &Refusal{Why: outcome.RefusedHeader}
	}
	return nil
}

// checkTarget turns the absolute form of a request's target (RFC 9112, section 3.2.2) into the usual one; net/http has already taken
// its host instead of the Host header's. It also refuses HTTP/2, whose preface net/http passes to handlers.
func checkTarget(r *http.Request) *Refusal {
	if r.ProtoMajor != 1 {
		return &Refusal{Why: outcome.RefusedHTTPVersion}
	}
	if r.URL.Host != "" && slices.Contains([]string{"http", "https", "ws", "wss"}, r.URL.Scheme) {
		r.URL.Scheme, r.URL.Host, r.URL.User = "", "", nil
		r.RequestURI = r.URL.RequestURI()
	}
	if r.URL.Scheme != "" || r.URL.Host != "" || r.RequestURI[0] != '/' {
		return &Refusal{Why: outcome.RefusedMalformed, Detail: "bad request target"}
	}
	return nil
}

// believe changes r to what trusted proxies say of the client.
func believe(r *http.Request, f admission.Forwarding) *Refusal {
	peer := admission.AddrPort(r.RemoteAddr)
	client, err := f.Client(peer, r.Header)
	if err != nil {
		return &Refusal{Why: outcome.RefusedMalformed, Detail: err.Error()}
	}
	if client.Addr != peer {
		r.RemoteAddr = client.Addr.String()
	}
	if client.Secure {
		r.URL.Scheme = "https"
	}
	if client.Host != "" {
		r.Host = client.Host
	}
	return nil
}
