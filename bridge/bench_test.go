package bridge

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/wsbridge/wsbridge/bridge/isolation"
	"github.com/wsbridge/wsbridge/protocol"
)

// echo answers each text at once, so that only the bridge, both ends of a WebSocket and the kernel are measured.
type echo struct{}

func (echo) Environment(*http.Request, string) ([]byte, error) { return []byte("env"), nil }

func (echo) Inherit(environment []byte) ([]byte, error) { return environment, nil }

func (echo) SharesRequests() bool { return false }

func (echo) Reachable(context.Context) error { return nil }

func (echo) Describe(context.Context) (*protocol.Description, error) {
	return &protocol.Description{Code: "9f", Presence: true, Handlers: protocol.HandlerSet{
		"ws_server_authenticate": {}, "ws_server_text": {}}}, nil
}

func (echo) Run(_ context.Context, apply func(*protocol.Effect) error, events ...*protocol.Event) error {
	for _, e := range events {
		if e.Kind == protocol.Text {
			s := &protocol.Send{To: protocol.Recipients{Keys: []int64{e.Client}}, Payload: e.Payload}
			if err := apply(&protocol.Effect{Seq: e.Seq, Send: s}); err != nil {
				return err
			}
		}
		if err := apply(&protocol.Effect{Seq: e.Seq, Done: &protocol.Done{Result: []byte("true"), Code: "9f"}}); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkEcho measures one text message there and back.
func BenchmarkEcho(b *testing.B) { benchmarkEcho(b, nil) }

func serveEcho(tb testing.TB, lane Lane) *served {
	return serveApplication(tb, echo{}, func(c *Config) {
		c.Isolation, c.Logger = isolation.Config{Mode: isolation.Auto}, slog.New(slog.NewJSONHandler(io.Discard, nil))
		c.Lane = lane
	})
}

func benchmarkEcho(b *testing.B, lane Lane) {
	conn := serveEcho(b, lane).connect()
	message := []byte(`{"room":"lobby","text":"a chat message of common size, neither long nor short"}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := conn.WriteMessage(1, message); err != nil {
			b.Fatal(err)
		}
		if _, _, err := conn.ReadMessage(); err != nil {
			b.Fatal(err)
		}
	}
}
