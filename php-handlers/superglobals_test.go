package phphandlers

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// environments are parameters that clients' handshakes differ in, names and values in turn.
var environments = []cgi{
	{},
	{"QUERY_STRING", ""},
	{"QUERY_STRING", "room=7&room=8&list[]=1&list[]=2&map[a][b]=c&map[a]=d&a.b=1&c+d=%41+%42&=x&empty&e=&&%00=1&a%00b=2"},
	{"QUERY_STRING", "one+two+thr%20ee&a[b=1&a[=2&[x]=3&+y=4&a[b]c=5&this=6&GLOBALS[x]=7&__Host-a=1&..Host-b=2&7=seven"},
	{"QUERY_STRING", "+"},
	{"QUERY_STRING", "a;b;c=1;d=2&e=3"},
	{"QUERY_STRING", "deep[a][b][c][d]=1&deep2[a]=1&deep2[a][b][c][d]=2&flat=1"},
	{"HTTP_COOKIE", "login=anna; theme=dark; PHPSESSID=abcdefghijklmnopqrstuvwxyz"},
	{"HTTP_COOKIE", "a=1;a=2; a =3;\ta=4; b; c=; =d; ;;; e==f=; ga=GA1.2.3"},
	{"HTTP_COOKIE", "plus=a+b; percent=%41%2b%zz%; bytes=\xff\xfe; ünï=ö; nul=a%00b; name%41=1; nameA=2; n%20x=3"},
	{"HTTP_COOKIE", "connect.sid=1; connect_sid=2; connect sid=3; a[b=1; a_b=2; a.b=3; [x]=4; [=5; 12=twelve; 12=again; 012=octal"},
	{"HTTP_COOKIE", "a[]=1; a[]=2; a=3; b=4; b[x]=5; b[x]=6; b[y][]=7; b=8; c[k]=1; c[k]=2; c[ k]=3; c[k].x=4; c[k]x[l]=5"},
	{"HTTP_COOKIE", "__Host-a=1; ..Host-b=2; _.Host-c=3; __Secure-d=4; .[Secure-e=5; _[Host-f=6; __Host-g[x]=7; ..Host-h[x]=8; __Host.i=9"},
	{"HTTP_COOKIE", "deep=0; deep[a][b][c][d]=1; deep=2; de.ep=3; de_ep[a][b][c][d]=4; de_ep=5; [a][b][c][d]=6; over[a][b][c]=7"},
	{"HTTP_COOKIE", "a=1; b=2; c=3; c=4; d=5; e=6; f=7; g=8; h=9", "QUERY_STRING", "a=1&b=2&c=3&c=4&d=5&e=6&f=7&g=8"},
	{"HTTP_COOKIE", "room=cookie; map[a]=cookie; map[b][]=1; 5=c", "QUERY_STRING", "room=query&map[a]=query&map[b][]=2&map[b][]=3&5=q&6=q"},
	{"HTTP_COOKIE", ""},
	{"HTTP_COOKIE", " ; \r\n; x = y ;z"},
	{"HTTP_AUTHORIZATION", "Basic " + base64.StdEncoding.EncodeToString([]byte("anna:se:cret"))},
	{"HTTP_AUTHORIZATION", "bAsIc " + base64.StdEncoding.EncodeToString([]byte("anna:"))},
	{"HTTP_AUTHORIZATION", "Basic " + base64.StdEncoding.EncodeToString([]byte(":word"))},
	{"HTTP_AUTHORIZATION", "Basic " + base64.StdEncoding.EncodeToString([]byte("nobody"))},
	{"HTTP_AUTHORIZATION", "Basic " + base64.StdEncoding.EncodeToString([]byte("a\x00b:c"))},
	{"HTTP_AUTHORIZATION", "Basic " + base64.StdEncoding.EncodeToString([]byte("a:b\x00c"))},
	{"HTTP_AUTHORIZATION", "Basic !!YW5u*YTp4"},
	{"HTTP_AUTHORIZATION", "Basic "},
	{"HTTP_AUTHORIZATION", "Basic"},
	{"HTTP_AUTHORIZATION", `digest username="anna", realm="x"`},
	{"HTTP_AUTHORIZATION", "Digest "},
	{"HTTP_AUTHORIZATION", "Bearer abc"},
	{"HTTP_PROXY", "http://evil.example/"},
	{"HTTP_USER_AGENT", "<b>&\"'\xff", "REMOTE_ADDR", "192.0.2.1", "REMOTE_PORT", "4711", "FOO", "client's"},
	{"PATH_INFO", "/x/y<i>"},
	{"SCRIPT_NAME", "/a&b.php", "DOCUMENT_ROOT", "/srv", "REQUEST_URI", "/chat?x=1"},
	{"WSBRIDGE_SUBPROTOCOL", "chat", "HTTPS", "on", "SERVER_NAME", ""},
}

// settings are those of php.ini that what php-fpm makes of parameters depends on.
var superglobalsSettings = map[string]map[string]string{
	"PHP's own":      {},
	"distributions'": {"variables_order": "GPCS", "request_order": "GP", "register_argc_argv": "Off"},
	// opcache would take it for granted that PHP has started without auto_globals_jit, as php.ini would have it and a pool cannot. From PHP 8.5
	// on, register_argc_argv is deprecated: PHP would print that, before the script runs.
	"all orders": {"opcache.enable": "0", "error_reporting": "24575", "variables_order": "EGPCS", "request_order": "CgG", "register_argc_argv": "On", "auto_globals_jit": "Off",
		"env[FOO]": "bar", "env[HTTP_PROXY]": "http://proxy.example/", "env[QUERY_STRING]": "x"},
	"nothing read": {"variables_order": "s", "request_order": ""},
	"cookies last": {"register_argc_argv": `"off"`, "variables_order": "SGC", "arg_separator.input": ";&", "cgi.fix_pathinfo": "0"},
	"limits":       {"max_input_vars": "6", "max_input_nesting_level": "2", "display_errors": "Off"},
	"filter":       {"filter.default": "special_chars", "filter.default_flags": "4"},
}

func TestSuperglobalsAreThoseOfARequest(t *testing.T) {
	source, err := os.ReadFile("testdata/superglobals.php")
	if err != nil {
		t.Fatal(err)
	}
	for name, ini := range superglobalsSettings {
		t.Run(name, func(t *testing.T) {
			f := startFPM(t, ini)
			script := f.write(t, "superglobals.php", string(source))
			var clients []cgi
			for _, e := range append(randomEnvironments(60), environments...) {
				clients = append(clients, complete(e, script))
			}
			for i, got := range residentSuperglobals(t, f, script, clients) {
				if want := f.request(t, clients[i], ""); got != want {
					same := 0
					for same < min(len(got), len(want)) && got[same] == want[same] {
						same++
					}
					t.Errorf("%q\nafter %q\ngot  %q\nwant %q", clients[i], got[:same], got[same:], want[same:])
				}
			}
		})
	}
}

// complete adds the parameters that each handshake has.
func complete(params cgi, script string) cgi {
	all := cgi{"GATEWAY_INTERFACE", "CGI/1.1", "REQUEST_METHOD", "GET", "SCRIPT_FILENAME", script}
	named := strings.Join(params, "\n")
	for _, pair := range [][2]string{{"SCRIPT_NAME", "/superglobals.php"}, {"REMOTE_ADDR", "127.0.0.1"}} {
		if !strings.Contains(named, pair[0]) {
			all = append(all, pair[0], pair[1])
		}
	}
	return append(all, params...)
}

// residentSuperglobals returns what Superglobals makes of each client's parameters in one request.
func residentSuperglobals(t *testing.T, f *fpm, script string, clients []cgi) (dumps []string) {
	t.Helper()
	var body strings.Builder
	for _, params := range clients {
		for i, word := range params {
			if i > 0 {
				body.WriteByte(' ')
			}
			body.WriteString(base64.StdEncoding.EncodeToString([]byte(word)))
		}
		body.WriteByte('\n')
	}
	own := cgi{"REQUEST_METHOD", "POST", "SCRIPT_FILENAME", script, "CONTENT_LENGTH", strconv.Itoa(body.Len()), "CONTENT_TYPE", "text/plain",
		"HTTP_COOKIE", "own=1", "QUERY_STRING", "own=1", "HTTP_X_OWN", "1", "REQUEST_URI", "/own"}
	for line := range strings.Lines(f.request(t, own, body.String())) {
		dump, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(line, "\n"))
		if err != nil {
			t.Fatalf("got line %s", line)
		}
		dumps = append(dumps, string(dump))
	}
	if len(dumps) != len(clients) {
		t.Fatalf("got %d for %d", len(dumps), len(clients))
	}
	return dumps
}

// randomEnvironments returns n environments of which cookies and query are made of the characters that PHP looks at.
func randomEnvironments(n int) (all []cgi) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	parts := []string{"a", "b", "a", "=", "=", ";", "; ", "&", "[", "]", "[]", "[a]", ".", " ", "_", "%", "%41", "%5B", "%20", "+", "1", "0", "__Host-", "\t", "\xe4"}
	text := func() string {
		var b strings.Builder
		for range random.IntN(40) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		return b.String()
	}
	for range n {
		all = append(all, cgi{"QUERY_STRING", text(), "HTTP_COOKIE", text(), "HTTP_X_SEED", fmt.Sprint(seed)})
	}
	return all
}
