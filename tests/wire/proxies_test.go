package wire

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/http"
	"strings"
	"testing"

	"github.com/pires/go-proxyproto"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Clients at 127.0.0.1 are proxies in these tests, all others are not.
const trusting = "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n"

func TestTheAddressIsWhatATrustedProxyTells(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]harness.App{
		"known from the request": {Handlers: mirror, TOML: trusting},
		"known from the socket": {TOML: trusting, Handlers: mirror + `
function ws_server_connect(&$connections,&$connection,$client_key) { }`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.Serve(t, a)
			request := upgrade(key, version, cookie, agent, "X-Forwarded-For: 6.6.6.6, 203.0.113.7", "X-Forwarded-Proto: https",
				"X-Forwarded-Host: evil.example", "Forwarded: for=6.6.6.6")
			k := knownTo(s.Open("127.0.0.1", request))
			if k.Server["REMOTE_ADDR"] != "203.0.113.7" || k.Server["REMOTE_PORT"] != nil || k.Peer != "203.0.113.7:0" || !strings.HasPrefix(k.Told[2], "203.0.113.7") {
				t.Errorf("behind a proxy: PHP sees %v:%v, row %s, authenticate %q", k.Server["REMOTE_ADDR"], k.Server["REMOTE_PORT"], k.Peer, k.Told)
			}
			if k.Server["HTTPS"] != "on" || k.Server["REQUEST_SCHEME"] != "https" || k.Server["HTTP_HOST"] != "127.0.0.1" {
				t.Errorf("behind a proxy: PHP sees %v://%v, HTTPS %v", k.Server["REQUEST_SCHEME"], k.Server["HTTP_HOST"], k.Server["HTTPS"])
			}
			s.Log.Wait("", "203.0.113.7:0")

			k = knownTo(s.Open("127.0.0.2", request))
			if k.Server["REMOTE_ADDR"] != "127.0.0.2" || k.Server["REMOTE_PORT"] == nil || !strings.HasPrefix(k.Peer, "127.0.0.2:") || k.Server["HTTPS"] != nil {
				t.Errorf("spoofed: PHP sees %v, row %s, HTTPS %v", k.Server["REMOTE_ADDR"], k.Peer, k.Server["HTTPS"])
			}
			if k.Server["HTTP_X_FORWARDED_FOR"] != "6.6.6.6, 203.0.113.7" {
				t.Errorf("PHP does not see the header: %v", k.Server["HTTP_X_FORWARDED_FOR"])
			}
			if strings.Contains(s.Log.Text(), "6.6.6.6:") {
				t.Error("the log has an address that a client made up")
			}
		})
	}
}

func TestForwardedTellsAddressSchemeAndHost(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: mirror, TOML: trusting + "forwarded_headers = [\"Forwarded\"]\nallowed_hosts = [\"shop.example\", \"127.0.0.1\"]\n"})
	const forwarded = `Forwarded: for=6.6.6.6;host=evil.example, for="[2001:db8::7]:4711";proto=https;host=shop.example`
	k := knownTo(s.Open("127.0.0.1", upgrade(key, version, cookie, agent, forwarded, "Origin: https://shop.example", "X-Forwarded-For: 6.6.6.6")))
	if k.Server["REMOTE_ADDR"] != "2001:db8::7" || k.Server["REMOTE_PORT"] != "4711" || k.Peer != "[2001:db8::7]:4711" ||
		k.Server["HTTPS"] != "on" || k.Server["HTTP_HOST"] != "shop.example" {
		t.Errorf("PHP sees %v:%v, %v, HTTPS %v, row %s", k.Server["REMOTE_ADDR"], k.Server["REMOTE_PORT"], k.Server["HTTP_HOST"], k.Server["HTTPS"], k.Peer)
	}
	for header, status := range map[string]int{
		`Forwarded: for="`: 400, // what the proxy added cannot be told from what the client sent
		`Forwarded: for=203.0.113.7;host=evil.example`: 421,
	} {
		if got := s.Open("127.0.0.1", upgrade(key, version, cookie, agent, header)).Answer(); got.StatusCode != status {
			t.Errorf("%s: got %s", header, got.Status)
		}
	}
	if got := s.Open("127.0.0.2", upgrade(key, version, cookie, agent, `Forwarded: for="`)).Answer(); got.StatusCode != 101 {
		t.Errorf("nobody asks a stranger, but got %s", got.Status)
	}
}

func TestPROXYProtocol(t *testing.T) {
	t.Parallel()
	v2 := func(command, family byte, block string) string {
		return string(proxyproto.SIGV2) + string([]byte{command, family, byte(len(block) >> 8), byte(len(block))}) + block
	}
	const four = "\xcb\x00\x71\x07\x7f\x00\x00\x01\x12\x67\x00\x50"
	ssl := func(client byte) string { return "\x20\x00\x05" + string([]byte{client}) + "\x00\x00\x00\x00" }
	sum := func(header string) string { // with a checksum, the last field
		whole := []byte(header[:14] + "\x00" + string([]byte{header[15] + 7}) + header[16:] + "\x03\x00\x04\x00\x00\x00\x00")
		binary.BigEndian.PutUint32(whole[len(whole)-4:], crc32.Checksum(whole, crc32.MakeTable(crc32.Castagnoli)))
		return string(whole)
	}
	unix := "/run/a.sock" + strings.Repeat("\x00", 216-len("/run/a.sock"))
	six := "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x07" + strings.Repeat("\x00", 15) + "\x01\x12\x67\x00\x50"
	for kind, handlers := range map[string]string{
		"known from the request": mirror,
		"known from the socket":  mirror + `function ws_server_read(&$connections,&$connection,$client_key,$data) { $connection["told"]=array(); return ""; }`,
	} {
		s := harness.Serve(t, harness.App{Handlers: handlers, TOML: trusting + "proxy_protocol = true\nhandshake_timeout = \"5s\"\n"})
		for name, row := range map[string]struct{ header, addr, peer string }{
			"version 1":                        {"PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n", "203.0.113.7", "203.0.113.7:4711"},
			"version 2, tls":                   {v2(0x21, 0x11, four+ssl(1)), "203.0.113.7", "203.0.113.7:4711"},
			"version 2, no tls":                {v2(0x21, 0x11, four+ssl(6)), "203.0.113.7", "203.0.113.7:4711"},
			"version 2, sum":                   {sum(v2(0x21, 0x11, four)), "203.0.113.7", "203.0.113.7:4711"},
			"version 2, unix":                  {v2(0x21, 0x31, unix), "127.0.0.1", "127.0.0.1:"},
			"version 2, unnamed":               {v2(0x21, 0x00, ""), "127.0.0.1", "127.0.0.1:"},
			"version 2, unnamed, tls":          {v2(0x21, 0x00, ssl(1)), "127.0.0.1", "127.0.0.1:"},
			"version 2, unnamed, sum":          {sum(v2(0x21, 0x00, "")), "127.0.0.1", "127.0.0.1:"},
			"version 2, local with an address": {v2(0x20, 0x11, four+ssl(1)), "127.0.0.1", "127.0.0.1:"},
			"version 2, local with anything":   {v2(0x20, 0x11, "abc"), "127.0.0.1", "127.0.0.1:"},
			"version 1, ipv6":                  {"PROXY TCP6 2001:db8::7 ::1 4711 80\r\n", "2001:db8::7", "[2001:db8::7]:4711"},
			"version 1, unknown":               {"PROXY UNKNOWN\r\n", "127.0.0.1", "127.0.0.1:"},
			"version 2":                        {v2(0x21, 0x11, four), "203.0.113.7", "203.0.113.7:4711"},
			"version 2, ipv6":                  {v2(0x21, 0x21, six), "2001:db8::7", "[2001:db8::7]:4711"},
			"version 2, more":                  {v2(0x21, 0x11, four+"\x04\x04\x00"+strings.Repeat("\x00", 1024)), "203.0.113.7", "203.0.113.7:4711"},
			"version 2, local":                 {v2(0x20, 0x00, ""), "127.0.0.1", "127.0.0.1:"},
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				k := knownTo(s.In(t).Open("127.0.0.1", row.header+upgrade(key, version, cookie, agent, "X-Forwarded-For: 6.6.6.6")))
				want := row.addr
				if want == "127.0.0.1" { // the proxy then names the client by headers
					want, row.peer = "6.6.6.6", "6.6.6.6:0"
				}
				if k.Server["REMOTE_ADDR"] != want || k.Peer != row.peer {
					t.Errorf("PHP sees %v, row %s", k.Server["REMOTE_ADDR"], k.Peer)
				}
				if isTLS := k.Server["HTTPS"] == "on"; isTLS != strings.HasSuffix(name, ", tls") {
					t.Errorf("HTTPS is %v", k.Server["HTTPS"])
				}
			})
		}
		for name, row := range map[string]struct {
			from, header string
			status       int
		}{
			"none from a proxy":         {"127.0.0.1", "", 400},
			"one from a stranger":       {"127.0.0.2", "PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n", 400},
			"version 2 from a stranger": {"127.0.0.2", v2(0x21, 0x11, four), 400},
			"none from a stranger":      {"127.0.0.2", "", 101},
			"two":                       {"127.0.0.1", strings.Repeat("PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n", 2), 400},
			"no address":                {"127.0.0.1", "PROXY TCP4 203.0.113.777 192.0.2.1 4711 80\r\n", 400},
			"a wrong checksum":          {"127.0.0.1", v2(0x21, 0x11, four+"\x03\x00\x04abcd"), 400},
			"a wrong one, unnamed":      {"127.0.0.1", v2(0x21, 0x00, "\x03\x00\x04abcd"), 400},
			"unnamed from a stranger":   {"127.0.0.2", v2(0x21, 0x00, ""), 400},
			"half a checksum":           {"127.0.0.1", v2(0x21, 0x11, four+"\x03\x00\x02ab"), 400},
			"half a field":              {"127.0.0.1", v2(0x21, 0x11, four+"\x20\x00\x05\x01"), 400},
			"endless":                   {"127.0.0.1", "PROXY " + strings.Repeat("x", 4096), 400},
			"a huge block":              {"127.0.0.1", string(proxyproto.SIGV2) + "\x21\x11\xff\xff" + four, 400},
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				if got := s.In(t).Open(row.from, row.header+upgrade(key, version, cookie, agent)).Answer(); got.StatusCode != row.status {
					t.Errorf("got %s", got.Status)
				}
			})
		}
		s.Log.Wait("connections were turned away", "proxy_protocol")
	}
}

func TestAProxyThatLooksWhetherTheServerIsThereIsNoError(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: mirror, TOML: trusting + "proxy_protocol = true\n"})
	for range 3 {
		s.Open("127.0.0.1", "").Conn.Close()
	}
	knownTo(s.Open("127.0.0.1", "PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n"+upgrade(key, version, cookie, agent)))
	if strings.Contains(s.Log.Text(), "turned away") {
		t.Error("it is logged")
	}
}

func TestLimitsPerAddressHoldBehindProxies(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		toml    string
		request func(addr string) string
	}{
		"X-Forwarded-For": {"", func(addr string) string { return upgrade(key, version, cookie, agent, "X-Forwarded-For: "+addr) }},
		"PROXY protocol": {"proxy_protocol = true\n", func(addr string) string {
			return fmt.Sprintf("PROXY TCP4 %s 192.0.2.1 4711 80\r\n%s", addr, upgrade(key, version, cookie, agent))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.Serve(t, harness.App{Handlers: mirror, TOML: trusting + row.toml + "max_connections_per_address = 2\n"})
			for range 2 {
				knownTo(s.Open("127.0.0.1", row.request("203.0.113.7")))
			}
			got := s.Open("127.0.0.1", row.request("203.0.113.7")).Answer()
			if got.StatusCode != http.StatusTooManyRequests || got.Header.Get("Retry-After") == "" {
				t.Errorf("one too many: got %s, %v", got.Status, got.Header)
			}
			knownTo(s.Open("127.0.0.1", row.request("203.0.113.8")))
			if asked := s.Read("asked"); len(asked) != 3 {
				t.Errorf("PHP was asked %d times", len(asked))
			}
		})
	}
}
