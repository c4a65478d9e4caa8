package admission

import (
	"errors"
	"strings"
	"testing"
)

func TestOrigins(t *testing.T) {
	o, err := ParseOrigins([]string{"https://shop.example", "https://*.shop.example", "http://intranet:8080", "http://dev.example:*",
		"capacitor://localhost", "chrome-extension://abcdefghijklmnopabcdefghijklmnop", "moz-extension://*", "app+x.1://a:7"})
	if err != nil {
		t.Fatal(err)
	}
	const host = "ws.example:50000"
	for origin, allowed := range map[string]bool{
		"https://shop.example":                                true,
		"https://a.shop.example":                              true,
		"https://a.b.shop.example":                            true,
		"HTTPS://Shop.Example":                                true,
		"http://intranet:8080":                                true,
		"http://dev.example":                                  true,
		"http://dev.example:3000":                             true,
		"http://ws.example":                                   true, // the server's own host
		"https://ws.example:8443":                             true,
		"https://shop.example/":                               true,
		"capacitor://localhost":                               true,
		"moz-extension://1b6c8d3e-0000":                       true,
		"app+x.1://a:7":                                       true,
		"chrome-extension://abcdefghijklmnopabcdefghijklmnop": true,
		"chrome-extension://bbcdefghijklmnopabcdefghijklmnop": false,
		"ionic://localhost":                                   false,
		"capacitor://localhost:8080":                          false,
		"http://localhost":                                    false,
		"app+x.1://a":                                         false,
		"https://shop.example//":                              false,
		"file://":                                             false,
		"file:///":                                            false,
		"http://shop.example":                                 false,
		"https://shop.example:8443":                           false,
		"https://a.shop.example:8443":                         false,
		"http://intranet":                                     false,
		"https://dev.example":                                 false,
		"https://evilshop.example":                            false,
		"https://shop.example.evil.example":                   false,
		"https://.shop.example":                               false,
		"https://evil.example/.shop.example":                  false,
		"https://evil.example?.shop.example":                  false,
		"https://evil.example#.shop.example":                  false,
		"https://evil.example\\.shop.example":                 false,
		"https://shop.example@evil.example":                   false,
		"https://evil@ws.example":                             false,
		"https://evil.example:443.shop.example":               false,
		"https://shop.example https://evil":                   false,
		"null":                                                false,
		"":                                                    false,
		"https://":                                            false,
		"//ws.example":                                        false,
		"ws.example":                                          false,
	} {
		if o.Allow(origin, host) != allowed {
			t.Errorf("%q: allowed is %v", origin, !allowed)
		}
	}
	if o, err := ParseOrigins([]string{"null", "file://"}); err != nil || !o.Allow("null", host) || !o.Allow("file://", host) ||
		o.Allow("null/", host) || o.Allow("file://x", host) {
		t.Errorf("origins without a host: %v", err)
	}
	if all, err := ParseOrigins([]string{"*"}); err != nil || !all.Allow("null", host) {
		t.Errorf("* does not allow everything: %v", err)
	}
}

func TestAnIPv6HostIsItsOwnOrigin(t *testing.T) {
	if !(Origins{}).Allow("http://[::1]:8080", "[::1]:50000") || (Origins{}).Allow("http://[::2]", "[::1]") {
		t.Error("same hosts are told from others wrongly")
	}
}

func TestBadOriginPatterns(t *testing.T) {
	for _, p := range []string{"", "shop.example", "https://", "https://shop.example/", "https://Shop.example", "HTTPS://shop.example",
		"ftp://shop.example",
		"https://shop.example:443", "http://shop.example:80", "http://*.shop.example:80", "https://shop.example:",
		"https://*", "https://*.", "https://a.*.example",
		"https://*.*.example",
		"https://*shop.example", "https://shop.example:8080:*", "*.shop.example", "https://u@shop.example",
		"https://*.0.0.1", "Null", "**", "file://x", "file:///", "ws://shop.example", "capacitor://", "Capacitor://localhost", "1app://a",
		"moz-extension://*:*", "data://x", "://a"} {
		_, err := ParseOrigins([]string{p})
		bad, ok := errors.AsType[*PatternError](err)
		if !ok || bad.Value != p || !strings.HasPrefix(bad.Want, "want ") {
			t.Errorf("%q: got %v", p, err)
		}
	}
	if _, err := ParseOrigins([]string{"https://shop.example", "*"}); err == nil {
		t.Error("* is allowed beside another")
	}
}

func FuzzOrigins(f *testing.F) {
	f.Add("https://*.shop.example", "https://a.shop.example", "ws.example")
	f.Add("http://dev.example:*", "http://dev.example:3000", "[::1]:80")
	f.Fuzz(func(t *testing.T, pattern, origin, host string) {
		o, err := ParseOrigins([]string{pattern})
		if err != nil || pattern == "*" {
			return
		}
		if !strings.Contains(pattern, "*") && !o.Allow(pattern, host) {
			t.Errorf("%q does not allow itself", pattern)
		}
		if !o.Allow(origin, host) {
			return
		}
		_, rest, _ := strings.Cut(origin, "://") // files have none
		if strings.ContainsAny(strings.TrimSuffix(rest, "/"), "/?#@\\ \t\r\n\x00") {
			t.Errorf("%q allows %q, which is no origin", pattern, origin)
		}
	})
}
