package serve

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

func TestWhatCannotChangeIsCompared(t *testing.T) {
	base := config.Config{}
	base.Server.Listen, base.Control.Listen, base.Pipe.Path = "127.0.0.1:50000", config.Addresses{"auto"}, "/tmp/pipe"
	for name, row := range map[string]struct {
		change func(*config.Config)
		part   string // of the error; empty: there is none
	}{
		"nothing":       {func(*config.Config) {}, ""},
		"another limit": {func(c *config.Config) { c.Server.MaxMessage = 1 }, ""},
		"no control":    {func(c *config.Config) { c.Control.Listen = config.Addresses{} }, "control.listen is [] in the configuration, and [auto] in"},
		"address":       {func(c *config.Config) { c.Server.Listen = ":1" }, "server.listen is :1 in the configuration, and 127.0.0.1:50000 in"},
		"TLS":           {func(c *config.Config) { c.Server.TLSCert = "cert.pem" }, "server.acme is true"},
		"no pipe":       {func(c *config.Config) { c.Pipe.Path = "" }, "pipe.path is  in the configuration, and /tmp/pipe in"},
	} {
		changed := base
		row.change(&changed)
		ours, theirs := fixedOf(&changed), fixedOf(&base)
		switch err := ours.differs(&theirs); {
		case row.part == "" && err != nil, row.part != "" && (err == nil || !strings.Contains(err.Error(), row.part)):
			t.Errorf("%s: got %v, want %q", name, err, row.part)
		}
	}
}

func TestTheStateIsCutIntoParts(t *testing.T) {
	var sent [][]byte
	p := &parts{send: func(part []byte) error { sent = append(sent, bytes.Clone(part)); return nil }}
	whole := bytes.Repeat([]byte("0123456789"), stateSize/4)
	for piece := range slices.Chunk(whole, 333_333) {
		if n, err := p.Write(piece); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := errors.Join(p.flush(), p.flush()); err != nil {
		t.Fatal(err)
	}
	if len(sent) != 3 || len(sent[0]) != stateSize || len(sent[1]) != stateSize || !bytes.Equal(bytes.Join(sent, nil), whole) {
		t.Errorf("got %d parts", len(sent))
	}
	broken := errors.New("no more")
	p = &parts{send: func([]byte) error { return broken }}
	if n, err := p.Write(whole); !errors.Is(err, broken) || n != stateSize {
		t.Errorf("got %d, %v", n, err)
	}
}

func TestTheNextProcessIsNotGivenWhatIsOurs(t *testing.T) {
	got := successorEnv([]string{"PATH=/bin", "LISTEN_FDS=1", "LISTEN_PID=7", "LISTEN_FDNAMES=a", "WATCHDOG_PID=7", "WATCHDOG_USEC=5",
		"NOTIFY_SOCKET=/x", "WSBRIDGE_HANDOVER=3", "WSBRIDGE_HANDOVERS=3"})
	if want := []string{"PATH=/bin", "WATCHDOG_USEC=5", "NOTIFY_SOCKET=/x", "WSBRIDGE_HANDOVERS=3"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The path is that by which the program was started, links and all, so that what is there later can be started.
func TestOwnProgram(t *testing.T) {
	real, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "current")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	before := os.Args[0]
	defer func() { os.Args[0] = before }()
	for name, want := range map[string]string{link: link, "/bin/sh": real, "a name of its own": real} {
		os.Args[0] = name
		if got := ownProgram(); got != want {
			t.Errorf("started as %q: got %q, want %q", name, got, want)
		}
	}
	t.Chdir(filepath.Dir(link))
	os.Args[0] = "./current"
	if got := ownProgram(); got != link {
		t.Errorf("started with a relative path: got %q, want %q", got, link)
	}
}
