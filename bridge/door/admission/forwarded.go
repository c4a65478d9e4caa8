package admission

import (
	"errors"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// The headers by which proxies tell for whom they ask.
const (
	headerForwarded = "Forwarded" // RFC 7239: for, proto and host
	headerFor       = "X-Forwarded-For"
	headerProto     = "X-Forwarded-Proto"
	headerHost      = "X-Forwarded-Host"
)

// errForwarded deserves status 400: in a malformed header, what a trusted proxy has added cannot be told from what it was sent.
var errForwarded = errors.New("bad Forwarded")

// Forwarding is which proxies are believed where a request comes from, and by which headers. The zero value believes nobody.
type Forwarding struct {
	proxies Proxies
	headers []string
	pair    *regexp.Regexp // forwardedPair
}

const (
	wantHeaders = `want those of "X-Forwarded-For", "X-Forwarded-Proto" and "X-Forwarded-Host" that the proxies set, or "Forwarded"`
	wantOnly    = "want it alone: what is said twice can be said in two ways"
)

// ParseForwarding reads the names of the headers that proxies set; Forwarded excludes the others. The error joins a
// PatternError for each bad one.
func ParseForwarding(proxies Proxies, headers []string) (Forwarding, error) {
	f := Forwarding{proxies: proxies, pair: regexp.MustCompile(forwardedPair)}
	var errs []error
	for _, h := range headers {
		known := http.CanonicalHeaderKey(h)
		switch {
		case !slices.Contains([]string{headerForwarded, headerFor, headerProto, headerHost}, known):
			errs = append(errs, &PatternError{h, wantHeaders})
		case known == headerForwarded && len(headers) > 1:
			errs = append(errs, &PatternError{h, wantOnly})
		}
		f.headers = append(f.headers, known)
	}
	return f, errors.Join(errs...)
}

// Client is who made a request, as far as is known.
type Client struct {
	Addr   netip.AddrPort // port 0: not known
	Secure bool           // its connection is encrypted
	Host   string         // that it asked for; empty: that of the request
}

// Client returns for whom peer asks with headers h: for itself, whatever h says, unless peer is a trusted proxy. The addresses that
// proxies append are believed from the last one back to the first that is not a proxy's: what comes before it was sent by that
// client. Where a proxy does not tell an address ("unknown", RFC 7239, section 6.2), the client's is the proxy's own.
//
// Of X-Forwarded-Proto and X-Forwarded-Host the last value counts, which the nearest proxy has set. An error deserves status 400.
func (f Forwarding) Client(peer netip.AddrPort, h http.Header) (Client, error) {
	c := Client{Addr: peer}
	if !f.proxies.Trust(peer.Addr()) {
		return c, nil
	}
	if slices.Contains(f.headers, headerForwarded) {
		return f.standard(c, h)
	}
	if slices.Contains(f.headers, headerFor) {
		hops := list(h[headerFor])
		for f.proxies.Trust(c.Addr.Addr()) && len(hops) > 0 {
			if !c.from(hops[len(hops)-1]) {
				break
			}
			hops = hops[:len(hops)-1]
		}
	}
	if slices.Contains(f.headers, headerProto) {
		c.overProto(last(h[headerProto]))
	}
	if slices.Contains(f.headers, headerHost) {
		c.askedFor(last(h[headerHost]))
	}
	return c, nil
}

// standard reads Forwarded. Proto and host are those of the proxy that the client itself spoke to.
func (f Forwarding) standard(c Client, h http.Header) (Client, error) {
	hops, err := f.parse(h[headerForwarded])
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

// from takes node as the address and reports whether it is one: with or without a port, IPv6 in brackets or not, since proxies write
// both.
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
	c.Addr = netip.AddrPortFrom(plain(a), 0)
	return true
}

func (c *Client) overProto(proto string) {
	c.Secure = strings.EqualFold(proto, "https") || strings.EqualFold(proto, "wss")
}

func (c *Client) askedFor(host string) {
	if isHost(host) {
		c.Host = host
	}
}

// list splits the lines of a header that is a list. Empty elements do not count (RFC 9110, section 5.6.1.2).
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
