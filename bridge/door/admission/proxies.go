package admission

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the addresses whose word counts. The zero value is nobody.
type Proxies struct{ prefixes []netip.Prefix }

const wantProxy = `want an address, such as "127.0.0.1", or a network, such as "10.0.0.0/8", whose other bits are zero`

// ParseProxies reads addresses and networks in CIDR notation. The error joins a PatternError for each that is none.
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

// parseNetwork takes an address for the network of it alone.
func parseNetwork(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") || strings.Contains(s, "%") { // ParsePrefix refuses zones
		return netip.ParsePrefix(s)
	}
	addr, err := netip.ParseAddr(s)
	return netip.PrefixFrom(addr, addr.BitLen()), err
}

// Trust reports whether a is one of them. An IPv4 address counts as itself however it is written.
func (p Proxies) Trust(a netip.Addr) bool {
	a = Plain(a)
	return a.IsValid() && slices.ContainsFunc(p.prefixes, func(prefix netip.Prefix) bool { return prefix.Contains(a) })
}

// Plain returns a without a zone, and as IPv4 if it is such an address mapped into IPv6.
func Plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// AddrPort reads ip:port, as connections name their ends; the result is not valid if s is anything else.
func AddrPort(s string) netip.AddrPort {
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(Plain(ap.Addr()), ap.Port())
}
