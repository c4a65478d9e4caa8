package admission

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the addresses that are trusted to say for whom they connect. The zero value trusts nobody.
type Proxies struct{ prefixes []netip.Prefix }

const wantProxy = `want an address, such as "127.0.0.1", or a network, such as "10.0.0.0/8", whose other bits are zero`

// ParseProxies reads addresses and networks in CIDR notation. The error joins a PatternError for each bad one.
func ParseProxies(networks []string) (Proxies, error) {
	var p Proxies
	var errs []error
	for _, n := range networks {
		prefix, err := parseNetwork(n)
		if err != nil || prefix != prefix.Masked() || prefix.Addr().Is4In6() {
			errs = append(errs, &PatternError{n, wantProxy})
		}
		p.prefixes = append(p.prefixes, prefix)
	}
	return p, errors.Join(errs...)
}

// parseNetwork reads an address as a network of one.
func parseNetwork(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") || strings.Contains(s, "%") { // ParsePrefix refuses zones
		return netip.ParsePrefix(s)
	}
	addr, err := netip.ParseAddr(s)
	return netip.PrefixFrom(addr, addr.BitLen()), err
}

// Trust reports whether a is one of p. An IPv4 address mapped into IPv6 counts as itself.
func (p Proxies) Trust(a netip.Addr) bool {
	a = plain(a)
	return a.IsValid() && slices.ContainsFunc(p.prefixes, func(prefix netip.Prefix) bool { return prefix.Contains(a) })
}

// plain returns a without a zone, and as IPv4 if it is such an address mapped into IPv6.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// AddrPort reads ip:port, as connections name their ends. The result is not valid if s is anything else.
func AddrPort(s string) netip.AddrPort {
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(plain(ap.Addr()), ap.Port())
}
