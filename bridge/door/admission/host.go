package admission

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// authority is host[:port] (RFC 3986, section 3.2, without user information), the host in lower case.
type authority struct {
	host string // an IPv6 address in its shortest form, without brackets
	port string // empty: none is given
}

// parseAuthority accepts what a Host header may hold. It does not look names up.
func parseAuthority(s string) (authority, bool) {
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		host, port = s[:i], s[i+1:]
		if !isPort(port) {
			return authority{}, false
		}
	}
	if strings.HasPrefix(host, "[") {
		addr, err := netip.ParseAddr(strings.TrimSuffix(host[1:], "]"))
		ok := err == nil && addr.Is6() && addr.Zone() == "" && strings.HasSuffix(host, "]")
		return authority{addr.String(), port}, ok
	}
	return authority{strings.ToLower(host), port}, host != "" && !strings.ContainsFunc(host, notInName)
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && s[0] != '0'
}

// notInName allows underscores, which real host names have.
func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
}

// name is one host, or all names below it, however deep, without itself.
type name struct {
	host  string // with a leading dot if below
	below bool
}

func (n name) matches(host string) bool {
	if n.below {
		return len(host) > len(n.host) && strings.HasSuffix(host, n.host)
	}
	return host == n.host
}

// parsePattern reads [*.]host[:port] in lower case, as browsers write hosts, without the final dot of an absolute name. An IP address
// has no names below it.
func parsePattern(s string) (n name, port string, ok bool) {
	plain, below := strings.CutPrefix(s, "*.")
	a, ok := parseAuthority(plain)
	if !ok || s != strings.ToLower(s) || strings.Contains("."+a.host+".", "..") {
		return name{}, "", false
	}
	if !below {
		return name{host: a.host}, a.port, true
	}
	last := a.host[strings.LastIndexByte(a.host, '.')+1:]
	_, notNumber := strconv.Atoi(last) // https://url.spec.whatwg.org/#ends-in-a-number-checker
	return name{"." + a.host, true}, a.port, notNumber != nil && !strings.Contains(a.host, ":")
}

// Hosts are the names under which a server answers. The zero value allows all.
type Hosts struct{ patterns []hostPattern }

type hostPattern struct {
	name name
	port string // empty: any
}

const wantHost = `want "host" for any port or "host:port", in lower case; "*.shop.example" is every name below that`

// ParseHosts reads patterns of the form host[:port], where a host that begins with "*." stands for all names below it, and
// no port for any port. The error joins a PatternError for each bad one.
func ParseHosts(patterns []string) (Hosts, error) {
	var h Hosts
	var errs []error
	for _, p := range patterns {
		n, port, ok := parsePattern(p)
		if !ok {
			errs = append(errs, &PatternError{p, wantHost})
		}
		h.patterns = append(h.patterns, hostPattern{n, port})
	}
	return h, errors.Join(errs...)
}

// Allow reports whether the value of a Host header is one of h. A final dot, which makes a name absolute, makes no difference.
func (h Hosts) Allow(host string) bool {
	if len(h.patterns) == 0 {
		return true
	}
	a, ok := parseAuthority(host)
	a.host = strings.TrimSuffix(a.host, ".")
	return ok && slices.ContainsFunc(h.patterns, func(p hostPattern) bool {
		return p.name.matches(a.host) && (p.port == "" || p.port == a.port)
	})
}

// isHost reports whether s has the form of a Host header, host[:port].
func isHost(s string) bool {
	_, ok := parseAuthority(s)
	return ok
}
