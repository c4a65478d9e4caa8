package admission

import (
	"errors"
	"slices"
	"strings"
)

// Origins are the pages that may connect, besides those of the server's own host. The zero value has no others.
type Origins struct {
	any      bool
	patterns []originPattern
}

type originPattern struct {
	scheme  string
	name    name
	port    string // empty: the scheme's own, which browsers leave out
	anyPort bool
}

const (
	wantOrigin = `want "scheme://host" or "scheme://host:port" in lower case, such as "https://shop.example", or "*"`
	wantAlone  = "want it alone: it allows every origin"
)

// ParseOrigins reads patterns of the form scheme://host[:port], as browsers write an Origin (RFC 6454, section 6.2): http or
// https, in lower case, without a port that is the scheme's own, without a path. A host that begins with "*." stands for all
// names below it, the port "*" for any port. The pattern "*", alone, allows every origin. The error joins a PatternError for each bad
// one.
func ParseOrigins(patterns []string) (Origins, error) {
	var o Origins
	var errs []error
	for _, p := range patterns {
		parsed, ok := parseOriginPattern(p)
		switch {
		case ok:
			o.patterns = append(o.patterns, parsed)
		case p != "*":
			errs = append(errs, &PatternError{p, wantOrigin})
		case len(patterns) > 1:
			errs = append(errs, &PatternError{p, wantAlone})
		default:
			o.any = true
		}
	}
	return o, errors.Join(errs...)
}

func parseOriginPattern(s string) (p originPattern, ok bool) {
	p.scheme, s, ok = strings.Cut(s, "://")
	if !ok || ownPort(p.scheme) == "" {
		return p, false
	}
	s, p.anyPort = strings.CutSuffix(s, ":*")
	p.name, p.port, ok = parsePattern(s)
	return p, ok && p.port != ownPort(p.scheme) && !(p.anyPort && p.port != "")
}

// ownPort is the port that browsers leave out of an origin of that scheme; empty for schemes other than http and https.
func ownPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}

// Allow reports whether a page of that origin may connect to a server that was asked for as host: a page of the same host on any
// port, since the legacy server had a port of its own, or one of o. A malformed origin, such as "null", may not.
func (o Origins) Allow(origin, host string) bool {
	if o.any {
		return true
	}
	scheme, rest, ok := strings.Cut(origin, "://")
	from, wellFormed := parseAuthority(rest)
	if !ok || !wellFormed {
		return false
	}
	if asked, ok := parseAuthority(host); ok && asked.host == from.host {
		return true
	}
	scheme = strings.ToLower(scheme)
	return slices.ContainsFunc(o.patterns, func(p originPattern) bool {
		return p.scheme == scheme && p.name.matches(from.host) && (p.anyPort || p.port == from.port)
	})
}
