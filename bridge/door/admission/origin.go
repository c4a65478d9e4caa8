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
	opaque  string // the whole origin, if it has no host; the other fields are empty then
	scheme  string
	name    name
	anyName bool
	port    string // empty: the scheme's own, which browsers leave out
	anyPort bool
}

// What pages have as their origin that have no host: those of a file, and those that may not use their own, such as in a sandbox.
const (
	originOfFiles = "file://"
	nullOrigin    = "null"
)

const (
	wantOrigin = `want "scheme://host" or "scheme://host:port" in lower case, such as "https://shop.example", or "null", "file://" or "*"`
	wantAlone  = "want it alone: it allows every origin"
)

// ParseOrigins reads patterns of the form scheme://host[:port], as browsers write an Origin (RFC 6454, section 6.2): in lower case,
// without a port that is the scheme's own, without a path. Schemes other than http and https are those of apps and of browsers'
// extensions. A host that begins with "*." stands for all names below it, the port "*" for any port, and the host "*" for every host of
// a scheme other than http and https: some browsers make up the name of an extension. "null" and "file://" stand for themselves. The
// pattern "*", alone, allows every origin. The error joins a PatternError for each bad one.
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
	if s == nullOrigin || s == originOfFiles {
		return originPattern{opaque: s}, true
	}
	p.scheme, s, ok = strings.Cut(s, "://")
	if !ok || !isScheme(p.scheme) || hasNoOrigin(p.scheme) {
		return p, false
	}
	if s == "*" && ownPort(p.scheme) == "" {
		p.anyName = true
		return p, true
	}
	s, p.anyPort = strings.CutSuffix(s, ":*")
	p.name, p.port, ok = parsePattern(s)
	return p, ok && (p.port == "" || p.port != ownPort(p.scheme)) && !(p.anyPort && p.port != "")
}

// isScheme reports whether s is a scheme in lower case (RFC 3986, section 3.1).
func isScheme(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return s != "" && strings.Contains(letters, s[:1]) && strings.Trim(s, letters+"0123456789+-.") == ""
}

// hasNoOrigin reports whether no page has an origin of that scheme: it is the server's own, which one takes for the page's by mistake, or
// browsers write its origin without a host, or as "null".
func hasNoOrigin(scheme string) bool {
	return slices.Contains([]string{"ws", "wss", "ftp", "file", "data", "blob", "about", "javascript"}, scheme)
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
// port, since the legacy server had a port of its own, or one of o. A malformed origin may not. A slash at its end makes no
// difference, since some libraries write the page's URL.
func (o Origins) Allow(origin, host string) bool {
	if o.any {
		return true
	}
	if slices.ContainsFunc(o.patterns, func(p originPattern) bool { return p.opaque != "" && p.opaque == origin }) {
		return true
	}
	scheme, rest, ok := strings.Cut(strings.TrimSuffix(origin, "/"), "://")
	from, wellFormed := parseAuthority(rest)
	if !ok || !wellFormed {
		return false
	}
	if asked, ok := parseAuthority(host); ok && asked.host == from.host {
		return true
	}
	scheme = strings.ToLower(scheme)
	return slices.ContainsFunc(o.patterns, func(p originPattern) bool {
		return p.scheme == scheme && (p.anyName || p.name.matches(from.host)) && (p.anyPort || p.anyName || p.port == from.port)
	})
}
