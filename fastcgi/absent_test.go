package fastcgi

import (
	"errors"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// absent is a php-fpm that does not run.
type absent struct{ refused atomic.Bool }

var errAbsent = errors.New("it does not run")

func (a *absent) Away() error { return errAbsent }

func (a *absent) Refused() error {
	if a.refused.Load() {
		return errAbsent
	}
	return nil
}

func TestASocketWithoutPHP(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path) // its connections stay in the backlog
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a := &absent{}
	c, err := New(Config{Network: "unix", Address: path, Script: "/s.php", EventsFile: "/e.php", Timeout: 100 * time.Millisecond, Supervisor: a,
		StatusPage: StatusPage{Network: "unix", Address: path, Path: "/status"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	run := func() error {
		return c.Run(t.Context(), func(*protocol.Effect) error { return nil }, &protocol.Event{Kind: protocol.Text, Seq: 1, Client: 1})
	}
	if err := run(); !errors.Is(err, protocol.ErrUnavailable) || errors.Is(err, errAbsent) {
		t.Errorf("an event that nobody has read in its time: %v", err)
	}
	a.refused.Store(true)
	if err := run(); !errors.Is(err, protocol.ErrUnavailable) || !errors.Is(err, errAbsent) {
		t.Errorf("an event that is refused: %v", err)
	}
	if err := c.Reachable(t.Context()); !errors.Is(err, errAbsent) {
		t.Errorf("Reachable: %v", err)
	}
	if _, err := c.Status(t.Context()); !errors.Is(err, errAbsent) {
		t.Errorf("Status: %v", err)
	}
}
