package admission

import (
	"errors"
	"net/netip"
	"testing"
)

func TestProxies(t *testing.T) {
	p, err := ParseProxies([]string{"127.0.0.1", "10.0.0.0/8", "2001:db8::/32", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	for addr, trusted := range map[string]bool{
		"127.0.0.1": true, "::ffff:127.0.0.1": true, "10.255.0.1": true, "::ffff:10.1.1.1": true, "2001:db8:1::1": true, "::1": true,
		"127.0.0.2": false, "11.0.0.1": false, "2001:db9::1": false, "::2": false, "::10.0.0.1": false,
	} {
		if p.Trust(netip.MustParseAddr(addr)) != trusted {
			t.Errorf("%s: trusted is %v", addr, !trusted)
		}
	}
	if (Proxies{}).Trust(netip.MustParseAddr("127.0.0.1")) || p.Trust(netip.Addr{}) {
		t.Error("nobody is trusted")
	}
	for _, bad := range []string{"", "localhost", "10.0.0.1/8", "10.0.0.0/33",
		"::ffff:10.0.0.0/104", "::ffff:10.0.0.1", "fe80::1%eth0", "*", "10.0.0"} {
		_, err := ParseProxies([]string{bad})
		if e, ok := errors.AsType[*PatternError](err); !ok || e.Value != bad {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}

func TestAddrPort(t *testing.T) {
	for s, want := range map[string]string{
		"192.0.2.7:4711": "192.0.2.7:4711", "[::ffff:192.0.2.7]:1": "192.0.2.7:1", "[fe80::1%eth0]:1": "[fe80::1]:1",
		"192.0.2.7": "invalid AddrPort", "@": "invalid AddrPort", "": "invalid AddrPort",
	} {
		if got := AddrPort(s).String(); got != want {
			t.Errorf("%q: got %s", s, got)
		}
	}
}
