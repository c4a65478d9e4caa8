package fastcgi

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func (s site) brings(t *testing.T, functions ...string) {
	t.Helper()
	if err := os.WriteFile(s.path("events.php"), []byte(strings.Join(functions, ",")), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (s site) yielded(t *testing.T, c *Client) string {
	t.Helper()
	var yielded string
	askJSON(t, c, nil, "yielded:", &yielded)
	return yielded
}

func TestDescribeYieldsWhatTheApplicationBrings(t *testing.T) {
	s := newSite(t)
	s.own(t, 2)
	var log bytes.Buffer
	c := s.client(t, func(cfg *Config) { cfg.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	for _, functions := range [][]string{{"send_text", "close_client"}, nil, {"load_files"}} { // deployed one after the other
		s.brings(t, functions...)
		d, err := c.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !d.Has(protocol.Text) || d.PHP == "" {
			t.Errorf("got %+v", d)
		}
		if got := s.yielded(t, c); got != strings.Join(functions, ",") {
			t.Errorf("yields %q, want %q", got, functions)
		}
	}
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "noticed") {
		t.Errorf("log: %s", log.String())
	}
}

func TestDescribeGivesUp(t *testing.T) {
	s := newSite(t)
	s.own(t, 3) // a worker for each client
	many := make([]string, maxYielded+1)
	for i := range many {
		many[i] = fmt.Sprintf("f%d", i)
	}
	for name, functions := range map[string][]string{
		"too many": many, "no function's name": {"a b"}, "empty": {"", "a"},
	} {
		c := s.client(t)
		s.brings(t, functions...)
		_, err := c.Describe(t.Context())
		var failure *protocol.Failure
		if !errors.As(err, &failure) || failure.Kind != protocol.FailedRedeclare {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestRunLearnsWhatTheApplicationBrings(t *testing.T) {
	s := newSite(t)
	s.own(t, 1)
	c := s.client(t)
	for range 2 {
		a := mustAsk(t, c, "redeclare:send_text,load_files")
		if a.failed == nil || a.failed.Kind != protocol.FailedRedeclare {
			t.Fatalf("got %+v", a)
		}
	}
	if a := mustAsk(t, c, "redeclare:send_text,load_files"); a.failed != nil {
		t.Errorf("got %v", a.failed)
	}
}

func TestFunctionNames(t *testing.T) {
	for name, want := range map[string]bool{
		"send_text": true, "_a1": true, "Büro": true, "": false, "1a": false, "a,b": false, "a-b": false, "a\\b": false,
		strings.Repeat("a", maxFunctionName): true, strings.Repeat("a", maxFunctionName+1): false,
	} {
		if isFunctionName(name) != want {
			t.Errorf("%q: got %v", name, !want)
		}
	}
}
