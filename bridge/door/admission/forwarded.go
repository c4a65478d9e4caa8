package admission

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// The headers by which proxies tell for whom they ask.
const (
	HeaderForwarded = "Forwarded" // RFC 7239: for, proto and host
	HeaderFor       = "X-Forwarded-For"
	HeaderProto     = "X-Forwarded-Proto"
	HeaderHost      = "X-Forwarded-Host"
)

// ErrForwarded says that Forwarded is malformed; it deserves status 400, since what a trusted proxy has added cannot be told
// from what it was sent.
var ErrForwarded = errors.New("bad Forwarded")

// Forwarding is whom and what to believe of where a request comes from. The zero value believes nobody.
type Forwarding struct {
	proxies Proxies
	headers []string
}

const (
	wantHeaders = `want those of "X-Forwarded-For", "X-Forwarded-Proto" and "X-Forwarded-Host" that the proxies set, or "Forwarded"`
	wantOnly    = "want it alone: what is said twice can be said in two ways"
)

// ParseForwarding reads the names of the headers that proxies set; Forwarded excludes the others. The error joins a
// PatternError for each that is none.
func ParseForwarding(proxies Proxies, headers []string) (Forwarding, error) {
	f := Forwarding{proxies: proxies}
	var errs []error
	for _, h := range headers {
		known := http.CanonicalHeaderKey(h)
		switch {
		case !slices.Contains([]string{HeaderForwarded, HeaderFor, HeaderProto, HeaderHost}, known):
			errs = append(errs, &PatternError{h, wantHeaders})
		case known == HeaderForwarded && len(headers) > 1:
			errs = append(errs, &PatternError{h, wantOnly})
		}
		f.headers = append(f.headers, known)
	}
	return f, errors.Join(errs...)
}

// Client is who made a request, as far as is known.
type Client struct {
	Addr   netip.AddrPort // port 0: not told
	Secure bool           // its connection is encrypted
	Host   string         // that it asked for; empty: that of the request
}

// Client returns for whom peer asks with headers h. If peer is no trusted proxy that is peer itself, whatever h says. The
// addresses that proxies append are believed from the last to the first that is no proxy: what stands before it was sent by
// that client. Where a proxy does not tell an address ("unknown", RFC 7239, section 6.2), it is the proxy's own.
//
// Of X-Forwarded-Proto and X-Forwarded-Host the last value counts, which the nearest proxy has set. The error is ErrForwarded.
func (f Forwarding) Client(peer netip.AddrPort, h http.Header) (Client, error) {
	c := Client{Addr: peer}
	if !f.proxies.Trust(peer.Addr()) {
		return c, nil
	}
	if slices.Contains(f.headers, HeaderForwarded) {
		return f.standard(c, h)
	}
	if slices.Contains(f.headers, HeaderFor) {
		hops := list(h[HeaderFor])
		for f.proxies.Trust(c.Addr.Addr()) && len(hops) > 0 {
			if !c.from(hops[len(hops)-1]) {
				break
			}
			hops = hops[:len(hops)-1]
		}
	}
	if slices.Contains(f.headers, HeaderProto) {
		c.overProto(last(h[HeaderProto]))
	}
	if slices.Contains(f.headers, HeaderHost) {
		c.askedFor(last(h[HeaderHost]))
	}
	return c, nil
}

// standard takes proto and host from the element of the proxy that the client itself spoke to.
func (f Forwarding) standard(c Client, h http.Header) (Client, error) {
	hops, err := ParseForwarded(h[HeaderForwarded])
	if err != nil {
		return c, err
	}
	for f.proxies.Trust(c.Addr.Addr()) && len(hops) > 0 {
		hop := hops[len(hops)-1]
		c.Secure, c.Host = false, ""
		c.overProto(hop["proto"])
		c.askedFor(hop["host"])
		if !c.from(hop["for"]) {
			break
		}
		hops = hops[:len(hops)-1]
	}
	return c, nil
}

// from reports whether node is an address: with or without a port, IPv6 in brackets or not, since proxies write both.
func (c *Client) from(node string) bool {
	if ap := AddrPort(node); ap.IsValid() {
		c.Addr = ap
		return true
	}
	if inner, ok := strings.CutPrefix(node, "["); ok {
		node = strings.TrimSuffix(inner, "]")
	}
	a, err := netip.ParseAddr(node)
	if err != nil {
		return false
	}
	c.Addr = netip.AddrPortFrom(Plain(a), 0)
	return true
}

func (c *Client) overProto(proto string) {
	c.Secure = strings.EqualFold(proto, "https") || strings.EqualFold(proto, "wss")
}

func (c *Client) askedFor(host string) {
	if IsHost(host) {
		c.Host = host
	}
}

// list joins the lines of a header that is a list.
func list(lines []string) []string {
	var all []string
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			if element = strings.Trim(element, " \t"); element != "" {
				all = append(all, element)
			}
		}
	}
	return all
}

func last(lines []string) string {
	all := list(lines)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}
