package operate

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// operated serves with a control listener on TCP and more lines of the section, and returns that listener's address.
func operated(t *testing.T, more string) (s *harness.Server, address string) {
	t.Helper()
	return harness.ServeControl(t, harness.Echo, more)
}

// reach asks at an address with headers, as "Name: value".
func reach(s *harness.Server, method, url string, lines ...string) (int, http.Header, string) {
	s.T.Helper()
	r := httptest.NewRequest(method, url, nil)
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			continue
		}
		if r.Header.Set(name, value); name == "Host" {
			r.Host = value
		}
	}
	r.RequestURI = ""
	client := &http.Client{Timeout: harness.Patience, Transport: &http.Transport{DisableKeepAlives: true}}
	recorder := httptest.NewRecorder()
	response, err := client.Do(r)
	if err != nil {
		s.T.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := recorder.Body.ReadFrom(response.Body); err != nil {
		s.T.Fatal(err)
	}
	return response.StatusCode, response.Header, recorder.Body.String()
}

func TestControlOverTCPWithoutATokenTellsHealthOnly(t *testing.T) {
	t.Parallel()
	s, address := operated(t, "")
	for path, want := range map[string]int{
		"/healthz": 200, "/readyz": 200, "/metrics": 200, "/v1/status": 403, "/v1/connections": 403, "/": 403, "/debug/pprof/": 403,
	} {
		if status, _, body := reach(s, "GET", "http://"+address+path); status != want || want == 403 && !strings.Contains(body, "control.token_file") {
			t.Errorf("%s: got %d %s", path, status, body)
		}
	}
	for _, row := range []struct {
		method, header string
	}{{"POST", ""}, {"GET", "Host: evil.example"}, {"GET", "Origin: http://evil.example"}, {"GET", "Origin: null"}} {
		if status, _, body := reach(s, row.method, "http://"+address+"/metrics", row.header); status != 403 || !strings.HasPrefix(body, `{"error":`) {
			t.Errorf("%+v: got %d %s", row, status, body)
		}
	}
	if status, _, _ := reach(s, "GET", "http://"+address+"/metrics", "Host: localhost:1"); status != 200 {
		t.Errorf("got %d", status)
	}
}

func TestControlOverTCPWantsTheToken(t *testing.T) {
	t.Parallel()
	s, address := operated(t, "token_file = \"DIR/token\"\n")
	const bearer = "Authorization: Bearer "
	for name, row := range map[string]struct {
		path    string
		headers []string
		want    int
	}{
		"none":                {"/v1/status", nil, 401},
		"a wrong one":         {"/v1/status", []string{bearer + "wrong-token-of-length"}, 401},
		"another scheme":      {"/v1/status", []string{"Authorization: Basic " + harness.Token}, 401},
		"metrics":             {"/metrics", nil, 401},
		"health":              {"/healthz", nil, 200},
		"readiness":           {"/readyz", nil, 200},
		"the right one":       {"/v1/status", []string{bearer + harness.Token}, 200},
		"by a name":           {"/v1/status", []string{bearer + harness.Token, "Host: wsbridge.internal"}, 200},
		"a browser's name":    {"/v1/status", []string{bearer + harness.Token, "Host: evil.example", "User-Agent: Mozilla/5.0"}, 403},
		"a foreign origin":    {"/v1/status", []string{bearer + harness.Token, "Origin: http://evil.example"}, 403},
		"the page's origin":   {"/v1/status", []string{bearer + harness.Token, "Origin: http://" + address}, 200},
		"profiles":            {"/debug/pprof/", []string{bearer + harness.Token}, 200},
		"profiles for nobody": {"/debug/pprof/", nil, 401},
	} {
		status, header, body := reach(s, "GET", "http://"+address+row.path, row.headers...)
		if status != row.want {
			t.Errorf("%s: got %d %s", name, status, body)
		}
		if status == 401 && !strings.HasPrefix(header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: no WWW-Authenticate", name)
		}
	}
	client := harness.NewOperator(t, address, harness.Token)
	if st, err := client.Status(t.Context()); err != nil || st.Listen != s.Address {
		t.Errorf("got %+v, %v", st, err)
	}
}

func TestControlOnThePublicListener(t *testing.T) {
	t.Parallel()
	s, _ := operated(t, "token_file = \"DIR/token\"\npublic_path = \"/wsbridge/\"\n")
	for path, want := range map[string]int{
		"/wsbridge/v1/status": 401, "/wsbridge/healthz": 200, "/wsbridge": 301, "/v1/status": 426, "/": 426, "/wsbridgex": 426,
	} {
		request := httptest.NewRequest("GET", "http://"+s.Address+path, nil)
		request.RequestURI = ""
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: got %d, want %d", path, response.StatusCode, want)
		}
	}
	if status, _, _ := reach(s, "GET", "http://"+s.Address+"/wsbridge/v1/status", "Authorization: Bearer "+harness.Token, "Origin: http://evil.example"); status != 403 {
		t.Errorf("got %d", status)
	}
	client := harness.NewOperator(t, "http://"+s.Address+"/wsbridge/", harness.Token)
	if _, err := client.Status(t.Context()); err != nil {
		t.Error(err)
	}
	lines, err := client.Tail(t.Context(), url.Values{})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Connect()
	c.Ask("x")
	for line, err := range lines {
		if err != nil || line.Event.Event != "authenticate" {
			t.Errorf("got %+v, %v", line, err)
		}
		break
	}
	if _, err := client.Tail(t.Context(), url.Values{}); err != nil { // the drain does not wait for it
		t.Fatal(err)
	}
	if status := s.Stop(c); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if n := s.Log.Count("drain ran out of time"); n != 0 {
		t.Error("the drain waited for a stream")
	}
}

func TestControlSocketIsForItsGroup(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: harness.Echo, TOML: "[control]\ngroup = \"0\"\n"}
	s := harness.Serve(t, a)
	info, err := os.Stat(s.Path("control.sock"))
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	for path, want := range map[string]int{"/debug/pprof/": 200, "/debug/pprof/goroutine?debug=1": 200, "/debug/x": 404, "/v1/x": 404} {
		if status, body := s.Get(path); status != want {
			t.Errorf("%s: got %d %s", path, status, body)
		}
	}
	for _, row := range []struct {
		method, path string
		status       int
		part         string
	}{
		{"GET", "/v1/pause", 405, "POST"}, {"POST", "/v1/status", 405, "GET"}, {"DELETE", "/v1/log", 405, "PUT"},
		{"GET", "/v1/nothing", 404, "/v1/nothing"}, {"POST", "/v1/pause?now=1", 400, `"now"`},
	} {
		wantRefusal(t, s.Order(row.method, row.path, "", nil), row.status, row.part)
	}
	if status := s.Stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if _, err := os.Stat(s.Path("control.sock")); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestControlAddressesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	second := harness.Prepare(t, harness.App{Handlers: harness.Echo, TOML: "[server]\n"})
	second.Write("wsbridge.toml", second.Read("wsbridge.toml")+"[control]\nlisten = \""+s.ControlSocket()+"\"\n")
	second.Start("serve", "--config", second.Path("wsbridge.toml"))
	if status := second.Wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	second.WantError("another server listens")
	third := harness.Prepare(t, harness.App{Handlers: harness.Echo, TOML: "[server]\n"})
	third.Write("control.sock", "no socket") // where "auto" would make it
	third.Run(harness.App{TOML: "x"})
	third.Log.Wait("there is no control socket: set control.listen")
	if err := third.Remove("control.sock"); err != nil {
		t.Fatal(err)
	}
	third.Log.Wait("control is reachable now")
	if status, _ := third.Get("/readyz"); status != 200 {
		t.Errorf("readiness: %d", status)
	}
	fourth := harness.Prepare(t, harness.App{Handlers: harness.Echo, TOML: "[server]\n"})
	fourth.Write("token", harness.Token) // readable by everybody
	fourth.Write("wsbridge.toml", fourth.Read("wsbridge.toml")+"[control]\nlisten = \"127.0.0.1:0\"\ntoken_file = \"token\"\n")
	fourth.Start("serve", "--config", fourth.Path("wsbridge.toml"))
	if status := fourth.Wait(); status != 2 {
		t.Errorf("exit status %d", status)
	}
	fourth.WantError("control.token_file", "can be read by everybody")
}

func TestControlReloadsAndChangesTheLogsLevel(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo, TOML: "[log]\nlevel = \"info\"\n"})
	control, ctx := s.Control(), t.Context()
	if err := control.SetLogLevel(ctx, "debug"); err != nil {
		t.Fatal(err)
	}
	if got, err := control.LogLevel(ctx); err != nil || got.Level != "debug" {
		t.Errorf("got %+v, %v", got, err)
	}
	wantRefusal(t, control.SetLogLevel(ctx, "loud"), http.StatusBadRequest, "loud")
	toml := s.Read("wsbridge.toml")
	s.Write("wsbridge.toml", strings.Replace(toml, `"info"`, `"warn"`, 1))
	got, err := control.Reload(ctx)
	if err != nil || strings.Join(got.Applied, " ") != "log.level" || len(got.Restart) != 0 || got.Unchanged == 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := control.LogLevel(ctx); err != nil || got.Level != "warn" {
		t.Errorf("got %+v, %v", got, err)
	}
	s.Write("wsbridge.toml", strings.Replace(toml, `"info"`, `"loud"`, 1)+"format = \"loud\"\n")
	_, err = control.Reload(ctx)
	if e := wantRefusal(t, err, http.StatusUnprocessableEntity, "nothing was reloaded"); len(e.Problems) != 2 {
		t.Errorf("got %q", e.Problems)
	}
	if got, err := control.LogLevel(ctx); err != nil || got.Level != "warn" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// The documentation promises JSON.
func TestControlAnswersJSON(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	for _, path := range []string{"/v1/status", "/v1/connections", "/v1/errors", "/v1/series", "/v1/log", "/v1/nothing"} {
		_, body := s.Get(path)
		if !json.Valid([]byte(body)) || !strings.HasPrefix(body, "{") {
			t.Errorf("%s: got %s", path, body)
		}
	}
}
