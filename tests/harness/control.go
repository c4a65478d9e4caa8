package harness

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

// Token opens the control listener of ServeControl.
const Token = "a-token-of-some-length"

// ControlSocket is the address of the control socket in the server's folder.
func (s *Server) ControlSocket() string { return "unix:" + s.Path("control.sock") }

// Control returns an operator at the control socket. The test's end closes it.
func (s *Server) Control() Operator {
	s.T.Helper()
	return NewOperator(s.T, s.ControlSocket(), "")
}

// Order asks the control socket in a way that the client does not, and decodes the answer into into.
func (s *Server) Order(method, path, body string, into any) error {
	s.T.Helper()
	ctx, cancel := context.WithTimeout(s.T.Context(), Patience)
	defer cancel()
	path, query, _ := strings.Cut(path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		s.T.Fatal(err)
	}
	return s.Control().Do(ctx, api.Call{Method: method, Path: path, Query: values, Body: []byte(body)}, into)
}

// Get asks the control socket by HTTP.
func (s *Server) Get(path string) (status int, body string) {
	s.T.Helper()
	client := &http.Client{Timeout: Patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", s.Path("control.sock"))
		},
	}}
	return Fetch(s.T, client, httptest.NewRequest(http.MethodGet, "http://control"+path, nil))
}

// Fetch returns a request's answer.
func Fetch(tb testing.TB, client *http.Client, r *http.Request) (status int, body string) {
	tb.Helper()
	r.RequestURI = "" // a server's
	response, err := client.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// Metrics returns the metrics in Prometheus' text format.
func (s *Server) Metrics() string {
	s.T.Helper()
	status, text := s.Get("/metrics")
	if status != http.StatusOK {
		s.T.Fatalf("metrics: got %d %s", status, text)
	}
	return text
}

// Metric returns the value of a metric, whose name has its labels, in such a text.
func Metric(tb testing.TB, text, name string) (value float64) {
	tb.Helper()
	_, rest, found := strings.Cut(text, "\n"+name+" ") // HELP and TYPE name it, too, within their lines
	if _, err := fmt.Sscan(rest, &value); !found || err != nil {
		tb.Fatalf("no %s: %v", name, err)
	}
	return value
}

// ServeControl serves handlers with a control listener on TCP, and returns that one's address. The further lines of
// [control], and what follows them, may name the folder DIR and the file DIR/token, which holds Token.
func ServeControl(tb testing.TB, handlers, more string) (s *Server, address string) {
	tb.Helper()
	a := App{Handlers: handlers, TOML: "[control]\nlisten = \"127.0.0.1:0\"\n" + more}
	s = Prepare(tb, a)
	s.WriteToken()
	s.Configure(strings.ReplaceAll(a.TOML, "DIR", s.Dir))
	s.Run(a)
	return s, s.Log.Wait("control is reachable")["address"].(string)
}

// WriteToken writes Token into the file "token", which only its owner may read.
func (s *Server) WriteToken() {
	s.T.Helper()
	s.Write("token", Token+"\n")
	if err := os.Chmod(s.Path("token"), 0o600); err != nil {
		s.T.Fatal(err)
	}
}
