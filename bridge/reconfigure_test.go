package bridge

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/door/admission"
	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/protocol"
)

// answering returns an application that answers each text with a name.
func answering(name string) *standin {
	return &standin{handlers: map[protocol.Kind]handler{
		protocol.Text: func(_ context.Context, e *protocol.Event, apply func(*protocol.Effect) error) string {
			_ = apply(&protocol.Effect{Seq: e.Seq, Send: &protocol.Send{To: protocol.Recipients{Keys: []int64{e.Client}}, Payload: []byte(name)}})
			return "null"
		},
	}}
}

// reconfigure changes the current configuration.
func (s *served) reconfigure(change func(*Config)) error {
	cfg := *s.cfg()
	change(&cfg)
	return s.Reconfigure(s.t.Context(), cfg)
}

// hears sends a text and returns the answer.
func hears(t *testing.T, conn *websocket.Conn, text string) string {
	t.Helper()
	say(t, conn, text)
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	_, answer, err := conn.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func TestReconfigureReplacesPHPWhileClientsStay(t *testing.T) {
	s := serveApplication(t, answering("old"), nil)
	conn := s.connect()
	if got := hears(t, conn, "who?"); got != "old" {
		t.Fatalf("got %q", got)
	}
	if err := s.reconfigure(func(c *Config) { c.PHP = answering("new") }); err != nil {
		t.Fatal(err)
	}
	if got := hears(t, conn, "who?"); got != "new" {
		t.Errorf("got %q", got)
	}
}

// broken cannot be described.
type broken struct{ standin }

func (*broken) Describe(context.Context) (*protocol.Description, error) {
	return nil, errors.New("parse error")
}

func TestReconfigureThatFailsChangesNothing(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"php":   func(c *Config) { c.PHP = &broken{}; c.EmptyText = true },
		"limit": func(c *Config) { c.PingInterval = 0; c.EmptyText = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := serveApplication(t, answering("old"), nil)
			conn, before := s.connect(), s.cfg()
			if err := s.reconfigure(change); err == nil {
				t.Error("no error")
			}
			if s.cfg() != before {
				t.Error("another configuration is in force")
			}
			if got := hears(t, conn, "who?"); got != "old" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestReconfigureReachesClientsThatAreThere(t *testing.T) {
	s := serveApplication(t, answering("heard"), nil)
	conn := s.connect()
	if err := s.reconfigure(func(c *Config) { c.EmptyText = true }); err != nil {
		t.Fatal(err)
	}
	if got := hears(t, conn, ""); got != "heard" {
		t.Errorf("got %q", got)
	}
}

func TestReconfigureChangesWhoIsLetIn(t *testing.T) {
	s := serveApplication(t, answering("x"), nil)
	knock := func() (status int) {
		conn, answer, _ := websocket.DefaultDialer.Dial("ws://"+s.address, http.Header{"Origin": {"https://shop.example"}})
		if conn != nil {
			conn.Close()
		}
		return answer.StatusCode
	}
	if got := knock(); got != http.StatusForbidden {
		t.Fatalf("got %d", got)
	}
	origins, err := admission.ParseOrigins([]string{"https://shop.example"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.reconfigure(func(c *Config) { c.Origins = origins }); err != nil {
		t.Fatal(err)
	}
	if got := knock(); got != http.StatusSwitchingProtocols {
		t.Errorf("got %d", got)
	}
}

func TestReconfigurePacesTheLoop(t *testing.T) {
	a := &standin{handlers: map[protocol.Kind]handler{protocol.Loop: nil}}
	s := serveApplication(t, a, nil) // whose interval is an hour
	if err := s.reconfigure(func(c *Config) { c.LoopInterval, c.LoopWithoutClients = 10*time.Millisecond, true }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the loop turns", func() bool { return a.count("loop 0 ends") > 1 })
}

func TestReconfigureLetsMoreRunSideBySide(t *testing.T) {
	proceed := make(chan struct{})
	a := blocked(proceed)
	s := serveApplication(t, a, func(c *Config) { c.Isolation, c.Parallel = isolation.Config{Mode: isolation.PerConnection}, 1 })
	first, second := s.connect(), s.connect()
	say(t, first, "x")
	eventually(t, "the first runs", func() bool { return a.count("text 1 begins") == 1 })
	say(t, second, "x")
	if a.watch("text 2 begins") {
		t.Fatal("runs beside the first")
	}
	if err := s.reconfigure(func(c *Config) { c.Parallel = 2 }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second runs beside the first", func() bool { return a.count("text 2 begins") == 1 })
	close(proceed)
}
