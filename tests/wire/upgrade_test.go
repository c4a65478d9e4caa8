package wire

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestAProxyThatDropsUpgradeIsLogged(t *testing.T) {
	t.Parallel()
	const (
		http11     = "proxy_http_version 1.1;"
		upgrade    = "proxy_set_header Upgrade    $http_upgrade;"
		connection = "proxy_set_header Connection $wsbridge_connection;"
	)
	rows := map[string]struct {
		proxy   proxy
		lines   []string // of the example, left out
		missing string
	}{
		"nginx without Upgrade":   {nginx, []string{upgrade}, "Upgrade: websocket"},
		"nginx in HTTP/1.0":       {nginx, []string{http11}, "HTTP/1.1"},
		"nginx without its lines": {nginx, []string{upgrade, http11, connection}, "HTTP/1.1, Upgrade: websocket, Connection: Upgrade"},
		"Apache without upgrade":  {apache, []string{"upgrade=websocket"}, "Upgrade: websocket, Connection: Upgrade"},
	}
	s, certificate := harness.Serve(t, harness.App{Handlers: exchanging, TOML: trusting}), harness.NewCertificate(t, "x")
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			row.proxy.timeouts = map[string]string{}
			for _, line := range row.lines {
				row.proxy.timeouts[line] = ""
			}
			front := s.In(t)
			front.Address, front.Trust = row.proxy.start(t, s.Address, certificate), harness.Trust(certificate)
			v := visit{front, row.proxy, "127.0.0.7"}
			for range 3 {
				v.wantAnswer(426, "a websocket handshake needs Upgrade, which a proxy may have dropped\n", v.request())
			}
			v.noHandshake()
			line := front.Log.Wait("handshake without Upgrade", `"missing":"`+row.missing+`"`)
			if line["level"] != "WARN" || line["peer"] != "127.0.0.7:0" || line["connection_from"] != "127.0.0.1" {
				t.Errorf("the log says %v", line)
			}
		})
	}
	for _, row := range rows {
		s.Log.Wait("more handshakes came without Upgrade", `"missing":"`+row.missing+`"`)
		if n := s.Log.Count("handshake without Upgrade", `"missing":"`+row.missing+`"`); n == 3 {
			t.Error("each is logged")
		}
	}
	if strings.Contains(s.Log.Text(), "no_handshake") {
		t.Error("a request for a page is logged")
	}
}
