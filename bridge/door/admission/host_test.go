package admission

import (
	"errors"
	"strings"
	"testing"
)

func TestHosts(t *testing.T) {
	h, err := ParseHosts([]string{"shop.example", "*.shop.example", "admin.example:8443", "192.0.2.1", "[2001:db8::1]"})
	if err != nil {
		t.Fatal(err)
	}
	for host, allowed := range map[string]bool{
		"shop.example":           true,
		"shop.example:50000":     true,
		"SHOP.example":           true,
		"shop.example.":          true,
		"a.shop.example":         true,
		"a.b.shop.example:1":     true,
		"admin.example:8443":     true,
		"admin.example":          false,
		"admin.example:443":      false,
		"192.0.2.1:80":           true,
		"[2001:DB8::1]:80":       true,
		"[2001:db8:0::1]":        true,
		"[2001:db8::2]":          false,
		"[192.0.2.1]":            false,
		"2001:db8::1":            false,
		".shop.example":          false,
		"evilshop.example":       false,
		"shop.example.evil":      false,
		"shop.example@evil":      false,
		"evil/shop.example":      false,
		"evil\\.shop.example":    false,
		"shop.example:80:80":     false,
		"shop.example:port":      false,
		"shop.example:":          false,
		"[shop.example]":         false,
		"evil.example#.shop.exa": false,
		"":                       false,
	} {
		if h.Allow(host) != allowed {
			t.Errorf("%q: allowed is %v", host, !allowed)
		}
	}
	if !(Hosts{}).Allow("anything") {
		t.Error("no host is allowed though none is named")
	}
}

func TestBadHostPatterns(t *testing.T) {
	for _, p := range []string{"", "*", "*.", "*.*.example", "a.*.example", "*shop.example", "Shop.example", "shop.example/",
		"http://shop.example",
		"*.168.1.1", "*.[::1]", "*..example", "shop.example.", "shop.example.:80", ".", "..", "shop..example", "*.shop.example.",
		"shop.example:0", "shop.example:65536", "shop.example:*", "sh op", "ä.example", "[::1"} {
		_, err := ParseHosts([]string{"shop.example", p})
		bad, ok := errors.AsType[*PatternError](err)
		if !ok || bad.Value != p {
			t.Errorf("%q: got %v", p, err)
		}
	}
}

func FuzzHosts(f *testing.F) {
	f.Add("*.shop.example", "a.shop.example:80")
	f.Add("[::1]:80", "[::1]")
	f.Fuzz(func(t *testing.T, pattern, host string) {
		h, err := ParseHosts([]string{pattern})
		if err != nil {
			return
		}
		if !strings.HasPrefix(pattern, "*.") && !h.Allow(pattern) {
			t.Errorf("%q does not allow itself", pattern)
		}
		if strings.HasPrefix(pattern, "[") {
			return // an IPv6 address has many forms
		}
		fixed := strings.TrimPrefix(pattern, "*.")
		if i := strings.LastIndexByte(fixed, ':'); i > strings.LastIndexByte(fixed, ']') {
			fixed = fixed[:i]
		}
		if h.Allow(host) && !strings.Contains(strings.ToLower(host), strings.Trim(fixed, ".")) {
			t.Errorf("%q allows %q", pattern, host)
		}
	})
}
