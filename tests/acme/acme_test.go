package acme

import (
	"crypto/tls"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/tests/harness"
)

const day = 24 * time.Hour

func TestNamesGetCertificates(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, 90*day)
	a.start()
	s := a.serve(a.configuration("push.example.com", "chat.example.com"))
	for _, name := range []string{"push.example.com", "chat.example.com"} {
		loaded(s, name, 1)
		if got := a.served(s, name).DNSNames; !slices.Equal(got, []string{name}) {
			t.Errorf("%s: got %q", name, got)
		}
		s.Trust = a.trust(name)
		c := s.Connect()
		if got := c.Ask("x"); got != "x" {
			t.Errorf("got %q", got)
		}
		c.Leave()
	}
	for _, name := range []string{"", "other.example.com"} {
		conn, err := tls.Dial("tcp", s.Address, &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := conn.ConnectionState().PeerCertificates[0].DNSNames[0]; got != "push.example.com" {
			t.Errorf("without a name of ours: got %s", got)
		}
		conn.Close()
	}
	if conn, err := tls.Dial("tcp", s.Address, &tls.Config{ServerName: "push.example.com", NextProtos: []string{"acme-tls/1"}}); err == nil {
		conn.Close()
		t.Error("there is a proof without a question")
	}
	for _, file := range modes(t, s.Path("state/acme")) {
		if !strings.HasSuffix(file, " rw-------") {
			t.Error(file)
		}
	}
	if left := time.Until(time.Unix(int64(harness.Metric(t, s.Metrics(), "wsbridge_tls_certificate_expires_timestamp_seconds")), 0)); left < 89*day || left > 91*day {
		t.Errorf("the metrics say that %v are left", left)
	}

	s.Stop() // another start asks the authority for nothing
	a.stop()
	a.launch(s)
	loaded(s, "push.example.com", 1)
	a.served(s, "push.example.com")
}

func TestCertificatesAreRenewed(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, 30*time.Second)
	a.start()
	s := a.serve(a.configuration("push.example.com"))
	loaded(s, "push.example.com", 1)
	first := a.served(s, "push.example.com")
	loaded(s, "push.example.com", 2)
	if second := a.served(s, "push.example.com"); second.Equal(first) || !second.NotAfter.After(first.NotAfter) {
		t.Errorf("got %v after %v", second.NotAfter, first.NotAfter)
	}
}

func TestReloadChangesNames(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, 90*day)
	a.start()
	s := a.serve(a.configuration("push.example.com"))
	loaded(s, "push.example.com", 1)
	s.Trust = a.trust("push.example.com")
	c := s.Connect()
	before := a.served(s, "push.example.com")
	s.Configure(a.configuration("chat.example.com", "push.example.com"))
	line := s.Reload("configuration reloaded")
	if applied := line["applied"].([]any); len(applied) != 1 || applied[0] != "server.acme" {
		t.Errorf("applied %q", applied)
	}
	loaded(s, "chat.example.com", 1)
	a.served(s, "chat.example.com")
	if got := a.served(s, "push.example.com"); !got.Equal(before) {
		t.Error("another certificate was issued")
	}
	s.Configure("[server]\nlisten = \"127.0.0.1:0\"\n")
	line = s.Reload("configuration reloaded")
	if later := line["needs_restart"].([]any); !slices.Contains(later, any("server.acme")) {
		t.Errorf("after a restart: %q", later)
	}
	a.served(s, "chat.example.com")
	if got := c.Ask("x"); got != "x" {
		t.Errorf("got %q", got)
	}
}

// A stop does not wait for an authority that wants to be asked again much later.
func TestStopWhileAnAuthorityTakesItsTime(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, 90*day)
	a.again, a.pace = 300, "PEBBLE_VA_SLEEPTIME=600" // at most, by chance
	a.start()
	s := a.serve(a.configuration("push.example.com") + "drain_timeout = \"2s\"\n")
	time.Sleep(5 * time.Second) // until it has been asked; before that the stop is easier
	if status := s.Stop(); status != 0 || strings.Contains(s.Log.Text(), "the end takes too long") {
		t.Errorf("exit status %d: only the last limit has ended the server", status)
	}
}

// The log tells why there is no certificate, and the server lives on.
func TestReasonsForNoCertificate(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, 90*day)
	toml := a.configuration("push.example.com", "blocked.example.com")
	s := a.serve(strings.Replace(toml, fmt.Sprintf(":%d/dir", a.port), ":1/dir", 1))
	s.Log.Wait("the certificate authority cannot be asked", "connection refused")
	s.Log.Wait("no certificate was issued", `"name":"push.example.com"`, "connection refused")
	if conn, err := tls.Dial("tcp", s.Address, &tls.Config{ServerName: "push.example.com"}); err == nil {
		conn.Close()
		t.Error("there is a certificate")
	}
	if got := harness.Metric(t, s.Metrics(), "wsbridge_tls_certificate_expires_timestamp_seconds"); got != 0 {
		t.Errorf("the metrics say %v", got)
	}
	a.start()
	s.Configure(toml)
	if line := s.Reload("configuration reloaded"); fmt.Sprint(line["applied"]) != "[server.acme_directory]" { // and asks at once
		t.Errorf("got %v", line)
	}
	loaded(s, "push.example.com", 1)
	a.served(s, "push.example.com")
	s.Log.Wait("the certificate authority refuses", "rejectedIdentifier")
	s.Log.Wait("no certificate was issued", `"name":"blocked.example.com"`, "rejectedIdentifier")
}

func TestAuthorityThatDoesNotReachTheServer(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, 90*day)
	elsewhere := a.checks
	a.checks = harness.FreePort(t) // nobody listens there
	a.start()
	a.checks = elsewhere
	s := a.serve(a.configuration("push.example.com"))
	line := s.Log.Wait("the certificate authority could not check the name")
	if line["name"] != "push.example.com" || line["by"] != "tls-alpn-01" || !strings.Contains(line["error"].(string), "Failed to connect to 127.0.0.1") {
		t.Errorf("got %v", line)
	}
	s.Log.Wait("no certificate was issued", `"name":"push.example.com"`)
}

func TestFolderOfCertificates(t *testing.T) {
	t.Parallel()
	s := harness.Prepare(t, harness.App{Handlers: harness.Echo, TOML: "server.acme = [\"push.example.com\"]\n"})
	for name, row := range map[string]struct {
		more, state string
		mode        os.FileMode
		parts       []string
	}{
		"none":             {"", "", 0, []string{"server.acme_cache is empty", "StateDirectory="}},
		"no folder":        {"server.acme_cache = \"wsbridge.toml\"\n", "", 0, []string{"server.acme_cache", "not a directory"}},
		"open to everyone": {"server.acme_cache = \"open\"\n", "", 0o755, []string{"server.acme_cache", "chmod o="}},
		"open state":       {"", s.Path("state"), 0o755, []string{"server.acme_cache", "chmod o="}},
	} {
		folder := s.Path("open")
		if row.state != "" {
			folder = row.state + "/acme"
		}
		if row.mode != 0 {
			if err := os.MkdirAll(folder, row.mode); err != nil {
				t.Fatal(err)
			}
		}
		s.Configure("server.acme = [\"push.example.com\"]\n" + row.more)
		cmd := exec.Command(harness.Program(), "serve", "--config", s.Path("wsbridge.toml"))
		cmd.Env = append(os.Environ(), "STATE_DIRECTORY="+row.state)
		out, status := harness.Finish(t, cmd)
		if status == 0 || slices.ContainsFunc(row.parts, func(part string) bool { return !strings.Contains(out, part) }) {
			t.Errorf("%s: got %d %s", name, status, out)
		}
	}
	// Who only checks the configuration has another environment, and makes no folder.
	for more, part := range map[string]string{"": "", "server.acme_cache = \"new\"\n": "", "server.acme_cache = \"open\"\n": "chmod o="} {
		s.Configure("server.acme = [\"push.example.com\"]\n" + more)
		out, status := harness.Finish(t, exec.Command(harness.Program(), "config", "--config", s.Path("wsbridge.toml")))
		if (status == 0) != (part == "") || !strings.Contains(out, part) {
			t.Errorf("%s: got %d %s", more, status, out)
		}
	}
	if _, err := os.Stat(s.Path("new")); err == nil {
		t.Error("a check has made the folder")
	}
}
