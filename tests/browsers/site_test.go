package browsers

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// handlers log in got.txt what they get, answer it, and close a client that asks for it: "close 4001 bye". The answer to
// "binary" is binary.
const handlers = `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	file_put_contents(__DIR__."/got.txt",$msg."\n",FILE_APPEND);
	if (preg_match('/^close (\d+) (.*)$/',$msg,$m)==1)
	{
		close_client($client_key,(int)$m[1],$m[2]);
		return;
	}
	if ($msg=="binary")
	{
		do_reply($client_key,encode_frame(2,"\x01\x02\x03"));
		return;
	}
	send_text($client_key,"you said: ".$msg);
}
function ws_server_binary(&$connections,&$connection,$client_key,$msg)
{
	file_put_contents(__DIR__."/got.txt",bin2hex($msg)."\n",FILE_APPEND);
}`

// site is a web application: a page, and wsbridge at /ws of the same origin.
type site struct {
	*harness.Server
	app harness.App
	url string

	mu         sync.Mutex
	handshakes []string // their queries
}

// startSite serves a site; toml are further lines of wsbridge's configuration.
func startSite(t *testing.T, toml string) *site {
	t.Helper()
	app := harness.App{
		Handlers: handlers,
		Settings: fmt.Sprintf("WEBSOCKET_LISTENING_PORT=%d\n", harness.FreePort(t)), // the same after a restart
		TOML:     "[php]\nworkers = 2\n" + toml,
	}
	s := &site{app: app, Server: harness.Serve(t, app)}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/page.html") })
	mux.HandleFunc("/wsbridge.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "../../deploy/client/wsbridge.js") })
	mux.Handle("/ws", s.proxy())
	front := httptest.NewServer(mux)
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

func (s *site) proxy() http.Handler {
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: s.Address})
	proxy.Transport = &http.Transport{DisableKeepAlives: true}
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			s.mu.Lock()
			s.handshakes = append(s.handshakes, r.URL.RawQuery)
			s.mu.Unlock()
		}
		proxy.ServeHTTP(w, r)
	})
}

// attempts returns how many handshakes there were with a query.
func (s *site) attempts(query string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.handshakes {
		if q == query {
			n++
		}
	}
	return n
}

// stop stops wsbridge, and start starts it anew.
func (s *site) stop() {
	s.T.Helper()
	if status := s.Stop(); status != 0 {
		s.T.Errorf("exit status %d", status)
	}
}

func (s *site) start() { s.Run(s.app) }

// awaitGot waits until the handlers have got as many messages as wanted, and checks which.
func (s *site) awaitGot(want ...string) {
	s.T.Helper()
	harness.Eventually(s.T, "messages arrive", func() bool { return strings.Count(s.ReadIfThere("got.txt"), "\n") >= len(want) })
	if got := s.Read("got.txt"); got != strings.Join(want, "\n")+"\n" {
		s.T.Errorf("got %q, want %q", got, want)
	}
}
