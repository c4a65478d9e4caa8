package admission

import (
	"errors"
	"net/http"
	"net/netip"
	"testing"
)

func forwarding(t testing.TB, headers ...string) Forwarding {
	t.Helper()
	proxies, err := ParseProxies([]string{"10.0.0.0/8", "2001:db8:ffff::/48"})
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseForwarding(proxies, headers)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestXForwardedFor(t *testing.T) {
	f := forwarding(t, "x-forwarded-for")
	for name, row := range map[string]struct {
		peer  string
		lines []string
		want  string
	}{
		"from a proxy":              {"10.0.0.1:1", []string{"203.0.113.7"}, "203.0.113.7:0"},
		"from anybody":              {"192.0.2.1:1", []string{"203.0.113.7"}, "192.0.2.1:1"},
		"none":                      {"10.0.0.1:1", nil, "10.0.0.1:1"},
		"sent by the client":        {"10.0.0.1:1", []string{"6.6.6.6, 203.0.113.7"}, "203.0.113.7:0"},
		"in a line of its own":      {"10.0.0.1:1", []string{"6.6.6.6", "203.0.113.7"}, "203.0.113.7:0"},
		"the client names a proxy":  {"10.0.0.1:1", []string{"10.0.0.9, 203.0.113.7"}, "203.0.113.7:0"},
		"over two proxies":          {"10.0.0.1:1", []string{"6.6.6.6, 203.0.113.7, 10.0.0.2"}, "203.0.113.7:0"},
		"all are proxies":           {"10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3:0"},
		"with a port":               {"10.0.0.1:1", []string{"203.0.113.7:4711"}, "203.0.113.7:4711"},
		"ipv6":                      {"10.0.0.1:1", []string{"2001:db8::7"}, "[2001:db8::7]:0"},
		"ipv6 in brackets":          {"10.0.0.1:1", []string{"[2001:db8::7]"}, "[2001:db8::7]:0"},
		"ipv6 with a port":          {"10.0.0.1:1", []string{"[2001:db8::7]:4711"}, "[2001:db8::7]:4711"},
		"ipv4 in ipv6":              {"[::ffff:10.0.0.1]:1", []string{"::ffff:203.0.113.7"}, "203.0.113.7:0"},
		"a zone":                    {"10.0.0.1:1", []string{"fe80::1%eth0"}, "[fe80::1]:0"},
		"not told":                  {"10.0.0.1:1", []string{"203.0.113.7, unknown"}, "10.0.0.1:1"},
		"nonsense":                  {"10.0.0.1:1", []string{"203.0.113.7, <script>"}, "10.0.0.1:1"},
		"nonsense of the client":    {"10.0.0.1:1", []string{"<script>, 203.0.113.7"}, "203.0.113.7:0"},
		"not told by the far proxy": {"10.0.0.1:1", []string{"unknown, 10.0.0.2"}, "10.0.0.2:0"},
		"empty":                     {"10.0.0.1:1", []string{" , ,"}, "10.0.0.1:1"},
	} {
		c, err := f.Client(AddrPort(row.peer), http.Header{"X-Forwarded-For": row.lines, "Forwarded": {"for=6.6.6.6"},
			"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"evil.example"}})
		if err != nil || c.Addr.String() != row.want || c.Secure || c.Host != "" {
			t.Errorf("%s: got %+v, %v", name, c, err)
		}
	}
}

func TestForwarded(t *testing.T) {
	f := forwarding(t, "Forwarded")
	for name, row := range map[string]struct {
		peer, header, addr string
		secure             bool
		host               string
	}{
		"from a proxy":          {"10.0.0.1:1", "for=203.0.113.7;proto=https;host=shop.example", "203.0.113.7:0", true, "shop.example"},
		"from anybody":          {"192.0.2.1:1", "for=203.0.113.7;proto=https;host=shop.example", "192.0.2.1:1", false, ""},
		"malformed of anybody":  {"192.0.2.1:1", `for="`, "192.0.2.1:1", false, ""},
		"in quotes":             {"10.0.0.1:1", `For="[2001:db8::7]:4711"; Proto="https"`, "[2001:db8::7]:4711", true, ""},
		"sent by the client":    {"10.0.0.1:1", "for=6.6.6.6;proto=https;host=evil.example, for=203.0.113.7", "203.0.113.7:0", false, ""},
		"over two proxies":      {"10.0.0.1:1", "for=203.0.113.7;proto=https;host=a.example, for=10.0.0.2;proto=http;host=b", "203.0.113.7:0", true, "a.example"},
		"hidden":                {"10.0.0.1:1", "for=_hidden;proto=https", "10.0.0.1:1", true, ""},
		"unknown":               {"10.0.0.1:1", "for=6.6.6.6, for=unknown", "10.0.0.1:1", false, ""},
		"without for":           {"10.0.0.1:1", "proto=https", "10.0.0.1:1", true, ""},
		"no host":               {"10.0.0.1:1", `for=203.0.113.7;host="a/b"`, "203.0.113.7:0", false, ""},
		"the last wins, whole":  {"10.0.0.1:1", "for=203.0.113.7;host=a, for=203.0.113.8", "203.0.113.8:0", false, ""},
		"a comma within quotes": {"10.0.0.1:1", `for=203.0.113.7;secret="a,b;c=\"d"`, "203.0.113.7:0", false, ""},
		"none":                  {"10.0.0.1:1", "", "10.0.0.1:1", false, ""},
	} {
		got, err := f.Client(AddrPort(row.peer), http.Header{"Forwarded": {row.header}, "X-Forwarded-For": {"6.6.6.6"}})
		if want := (Client{AddrPort(row.addr), row.secure, row.host}); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	for _, bad := range []string{`for="`, "for", "for=", "=a", "for =a", "for= a", "for=a b", "for=a;for=b", `for="\`, "a=b c=d",
		`for="a"b`, "for=2001:db8::7"} {
		if _, err := f.Client(AddrPort("10.0.0.1:1"), http.Header{"Forwarded": {bad}}); !errors.Is(err, errForwarded) {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}

func TestForwardedProtoAndHost(t *testing.T) {
	f := forwarding(t, "X-Forwarded-Proto", "X-Forwarded-Host")
	for name, row := range map[string]struct {
		peer        string
		proto, host []string
		secure      bool
		want        string
	}{
		"from a proxy":        {"10.0.0.1:1", []string{"https"}, []string{"shop.example:8443"}, true, "shop.example:8443"},
		"from anybody":        {"192.0.2.1:1", []string{"https"}, []string{"shop.example"}, false, ""},
		"wss":                 {"10.0.0.1:1", []string{"WSS"}, nil, true, ""},
		"http":                {"10.0.0.1:1", []string{"http"}, nil, false, ""},
		"the client's before": {"10.0.0.1:1", []string{"https, http"}, []string{"evil.example", "shop.example"}, false, "shop.example"},
		"no host":             {"10.0.0.1:1", nil, []string{"a b"}, false, ""},
	} {
		c, err := f.Client(AddrPort(row.peer), http.Header{"X-Forwarded-Proto": row.proto, "X-Forwarded-Host": row.host,
			"X-Forwarded-For": {"6.6.6.6"}})
		if err != nil || c.Secure != row.secure || c.Host != row.want || c.Addr.String() != row.peer {
			t.Errorf("%s: got %+v, %v", name, c, err)
		}
	}
}

func TestBadForwardedHeaders(t *testing.T) {
	for _, bad := range [][]string{{"X-Real-IP"}, {""}, {"Forwarded", "X-Forwarded-For"}} {
		if _, err := ParseForwarding(Proxies{}, bad); err == nil {
			t.Errorf("%q are accepted", bad)
		}
	}
}

// Whatever a client sends before what the proxy appends, it is that client.
func FuzzXForwardedFor(f *testing.F) {
	fw := forwarding(f, "X-Forwarded-For")
	f.Add("6.6.6.6, [::1]:80")
	f.Fuzz(func(t *testing.T, sent string) {
		for _, lines := range [][]string{{sent, "203.0.113.7"}, {sent + ", 203.0.113.7"}} {
			c, err := fw.Client(AddrPort("10.0.0.1:1"), http.Header{"X-Forwarded-For": lines})
			if err != nil || c.Addr.Addr() != netip.MustParseAddr("203.0.113.7") {
				t.Errorf("%q: got %v, %v", lines, c.Addr, err)
			}
		}
		if c, _ := fw.Client(AddrPort("10.0.0.1:1"), http.Header{"X-Forwarded-For": {sent}}); !c.Addr.IsValid() {
			t.Errorf("%q: no address", sent)
		}
	})
}

func FuzzForwarded(f *testing.F) {
	fw := forwarding(f, "Forwarded")
	f.Add(`for="[2001:db8::7]:4711";proto=https, for=unknown`)
	f.Add(`a="\"`)
	f.Fuzz(func(t *testing.T, sent string) {
		c, err := fw.Client(AddrPort("10.0.0.1:1"), http.Header{"Forwarded": {sent + ", for=203.0.113.7"}})
		if err == nil && c != (Client{Addr: AddrPort("203.0.113.7:0")}) {
			t.Errorf("%q: got %+v", sent, c)
		}
	})
}
