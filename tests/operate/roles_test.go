package operate

import (
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/tests/harness"
)

// secretOf returns the token of a role, whose holder has that name, too.
func secretOf(role string) string { return "the-token-to-" + role + "-with" }

// withRoles serves with a token for each role, besides harness.Token.
func withRoles(t *testing.T) (s *harness.Server, address string) {
	t.Helper()
	s = harness.Prepare(t, harness.App{Handlers: harness.Echo})
	var lines []string
	for _, role := range []string{"metrics", "read", "operate"} {
		writeToken(s, role, secretOf(role))
		lines = append(lines, fmt.Sprintf("%s = { role = %q, file = %q }", role, role, s.Path(role)))
	}
	s.WriteToken()
	a := harness.App{Handlers: harness.Echo, TOML: fmt.Sprintf("[control]\nlisten = [\"127.0.0.1:0\", %q]\ntoken_file = %q\ntokens = { %s }\n",
		s.ControlSocket(), s.Path("token"), strings.Join(lines, ", "))}
	s.Configure(a.TOML)
	s.Run(a)
	return s, s.Log.Wait("control is reachable")["address"].(string)
}

func writeToken(s *harness.Server, file, token string) {
	s.T.Helper()
	s.Write(file, token+"\n")
	if err := os.Chmod(s.Path(file), 0o600); err != nil {
		s.T.Fatal(err)
	}
}

// rolesOfThePage returns the requests by the role that docs/control.md says they need.
func rolesOfThePage(t *testing.T) map[string][]string {
	t.Helper()
	page, err := os.ReadFile("../../docs/control.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| role | requests |\n| --- | --- |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	roles := map[string][]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		role := strings.Trim(cells[1], " `")
		for i, quoted := range strings.Split(cells[2], "`") {
			if i%2 == 1 {
				roles[role] = append(roles[role], quoted)
			}
		}
	}
	return roles
}

func TestEachRequestWithEachRole(t *testing.T) {
	t.Parallel()
	s, address := withRoles(t)
	ranks := []string{"none", "metrics", "read", "operate"}
	roles, asked := rolesOfThePage(t), 0
	for needed, requests := range roles {
		for _, request := range append(requests, map[string][]string{"none": {"GET /"}, "read": {"GET /v1/nothing", "DELETE /v1/log"}}[needed]...) {
			method, path, _ := strings.Cut(request, " ")
			if path == "/v1/drain" || path == "/v1/events" { // see below
				path += "?unknown=1"
			}
			path = strings.ReplaceAll(path, "KEY", "999")
			for rank, role := range ranks {
				status, _, body := reach(s, method, "http://"+address+path, "Authorization: Bearer "+secretOf(role))
				allowed, want := rank >= slices.Index(ranks, needed), http.StatusForbidden
				if role == "none" {
					want = http.StatusUnauthorized
				}
				if asked++; allowed == (status == want) {
					t.Errorf("%s with the role %s: got %d %s", request, role, status, body)
				}
				if !allowed && role != "none" && !strings.Contains(body, fmt.Sprintf("this needs \\\"%s\\\"", needed)) {
					t.Errorf("%s with the role %s: got %s", request, role, body)
				}
			}
		}
	}
	if asked < 100 {
		t.Errorf("asked for %d things only", asked)
	}
	for _, role := range ranks[:3] {
		if status, _, _ := reach(s, "POST", "http://"+address+"/v1/drain", "Authorization: Bearer "+secretOf(role)); status < 400 {
			t.Errorf("%s has ended the server: %d", role, status)
		}
	}
	s.Log.Wait("an operator has acted", `"by":"read"`, `"action":"drain"`, `"status":403`)
	if status, _, _ := reach(s, "POST", "http://"+address+"/v1/drain", "Authorization: Bearer "+secretOf("operate")); status != 202 {
		t.Errorf("got %d", status)
	}
	s.Log.Wait("an operator has acted", `"by":"operate"`, `"action":"drain"`, `"status":202`)
	if status := s.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	for _, secret := range []string{harness.Token, secretOf("read"), secretOf("operate")} {
		if strings.Contains(s.Log.Text(), secret) {
			t.Error("a token is in the log")
		}
	}
}

func TestLogNamesOperators(t *testing.T) {
	t.Parallel()
	s, address := withRoles(t)
	ctx := t.Context()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	local := "unix:" + me.Username
	for by, o := range map[string]harness.Operator{
		"operate": harness.NewOperator(t, address, secretOf("operate")), "token_file": harness.NewOperator(t, address, harness.Token), local: s.Control(),
	} {
		s.Connect()
		key := newest(t, o)
		for _, do := range []struct {
			action string
			ask    func() error
		}{
			{"send", func() error { return o.Send(ctx, key, false, []byte("x")) }},
			{"broadcast", func() error { _, err := o.Broadcast(ctx, nil, false, []byte("x")); return err }},
			{"pause", func() error { return o.Pause(ctx) }},
			{"resume", func() error { return o.Resume(ctx) }},
			{"reload", func() error { _, err := o.Reload(ctx); return err }},
			{"log", func() error { return o.SetLogLevel(ctx, "info") }},
			{"close", func() error { return o.CloseConnection(ctx, key, api.Close{}) }},
		} {
			if err := do.ask(); err != nil {
				t.Errorf("%s: %v", do.action, err)
			}
			s.Log.Wait("an operator has acted", `"by":"`+by+`"`, `"action":"`+do.action+`"`, `"status":200`)
		}
	}
	if _, err := s.Control().Recycle(ctx); err != nil {
		t.Log(err) // without resident workers
	}
	s.Log.Wait("an operator has acted", `"by":"`+local+`"`, `"action":"recycle"`)
	o := harness.NewOperator(t, address, secretOf("operate"))
	for range 5 {
		_, _ = o.Fifo(ctx, []byte("{}"), 0)
	}
	s.Log.Wait("an operator has acted", `"by":"operate"`, `"action":"fifo"`)
	s.Log.Wait("an operator has acted again and again", `"by":"operate"`, `"action":"fifo"`, `"times":4`)
}

func newest(t *testing.T, o harness.Operator) int64 {
	t.Helper()
	list, err := o.Connections(t.Context(), nil)
	if err != nil || len(list.Connections) == 0 {
		t.Fatalf("got %+v, %v", list, err)
	}
	return list.Connections[len(list.Connections)-1].Key
}

func TestReloadExchangesTokens(t *testing.T) {
	t.Parallel()
	s, address := withRoles(t)
	ctx, anna := t.Context(), harness.NewOperator(t, address, secretOf("operate"))
	writeToken(s, "operate", "another-token-to-operate")
	if _, err := anna.Reload(ctx); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, anna.Pause(ctx), http.StatusUnauthorized, "control.tokens")
	anna = harness.NewOperator(t, address, "another-token-to-operate")
	writeToken(s, "operate", secretOf("read"))
	_, err := anna.Reload(ctx)
	wantRefusal(t, err, http.StatusUnprocessableEntity, "nothing was reloaded")
	s.Log.Wait("not reloaded: everything stays as it was")
	if _, err := anna.Status(ctx); err != nil {
		t.Error(err)
	}
	writeToken(s, "operate", "another-token-to-operate")
	s.Write("wsbridge.toml", strings.Replace(s.Read("wsbridge.toml"), "operate = { role = \"operate\"", "operate = { role = \"read\"", 1))
	got, err := anna.Reload(ctx)
	if err != nil || !slices.Equal(got.Applied, []string{"control.tokens"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	wantRefusal(t, anna.Pause(ctx), http.StatusForbidden, "this needs")
}

// A stream of events ends with the right to read it. Those of others go on.
func TestReloadEndsStreamsOfRevokedTokens(t *testing.T) {
	t.Parallel()
	s, address := withRoles(t)
	c := s.Connect()
	local := tail(s, url.Values{"event": {"text"}})
	streams := map[string]func() (*api.Line, error, bool){}
	for role, secret := range map[string]string{"token_file": harness.Token, "read": secretOf("read"), "operate": secretOf("operate")} {
		lines, err := harness.NewOperator(t, address, secret).Tail(t.Context(), url.Values{"event": {"text"}})
		if err != nil {
			t.Fatal(err)
		}
		next, stop := iter.Pull2(lines)
		defer stop()
		streams[role] = next
	}
	c.Ask("to all")
	for role, next := range streams {
		if line, err, ok := next(); !ok || err != nil {
			t.Errorf("%s: got %v, %v", role, line, err)
		}
	}
	writeToken(s, "read", "another-token-to-read")
	s.Write("wsbridge.toml", strings.Replace(s.Read("wsbridge.toml"), "operate = { role = \"operate\"", "operate = { role = \"metrics\"", 1))
	if _, err := s.Control().Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Ask("to those who may")
	for _, role := range []string{"read", "operate"} {
		if line, err, ok := streams[role](); ok {
			t.Errorf("%s: the stream goes on with %v, %v", role, line, err)
		}
	}
	if line, err, ok := streams["token_file"](); !ok || err != nil {
		t.Errorf("got %v, %v", line, err)
	}
	local()
	local()
}
