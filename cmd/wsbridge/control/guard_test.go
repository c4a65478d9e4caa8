package control

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Pages of other sites can ask a port that ssh forwards to the unix socket.
func TestTheUnixSocketHoldsBrowsersToItsOwnPage(t *testing.T) {
	const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	for name, row := range map[string]struct {
		host, origin, agent string
		allowed             bool
	}{
		"curl":                    {"localhost", "", "curl/8.0", true},
		"a program, by any name":  {"control", "", "", true},
		"its page":                {"localhost:9180", "http://localhost:9180", firefox, true},
		"its page, by address":    {"127.0.0.1:9180", "http://127.0.0.1:9180", firefox, true},
		"a page of another site":  {"localhost:9180", "http://evil.example", firefox, false},
		"a page of another port":  {"localhost:9180", "http://localhost:80", firefox, false},
		"a page without a site":   {"localhost:9180", "null", firefox, false},
		"a name made to be ours":  {"evil.example:9180", "http://evil.example:9180", firefox, false},
		"the same, when it loads": {"evil.example:9180", "", firefox, false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/v1/drain", nil)
		r.Host = row.host
		r.Header.Set("User-Agent", row.agent)
		if row.origin != "" {
			r.Header.Set("Origin", row.origin)
		}
		no := guardUnix(r)
		if allowed := no == nil; allowed != row.allowed || !allowed && no.Status != http.StatusForbidden {
			t.Errorf("%s: got %v", name, no)
		}
	}
}
