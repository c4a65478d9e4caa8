package wire

import (
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// A client over a limit is closed with the limit's name. What it sent within the limit runs, and its close event after
// that.
func TestClientsOverTheirLimitsAreClosedAndCounted(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{
		TOML: "[server]\nmessage_rate = 1\nmessage_burst = 3\ncontrol_rate = 1\nidle_timeout = \"1s\"\nmax_message = \"1KiB\"\n",
		Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { $connection["said"].=$msg[0]; send_text($client_key,$connection["said"]); }
function ws_server_open(&$connections,&$connection,$client_key) { $connection["said"]=""; }
function ws_server_before_close(&$connections,&$connection) { file_put_contents(__DIR__."/closed",$connection["said"].";",FILE_APPEND); }`})
	for _, row := range []struct {
		ending, closed string
		code           int
		reason         string
		exceed         func(c *harness.Client)
	}{
		{"flood", "123;", 1008, "too many messages", func(c *harness.Client) {
			for _, text := range []string{"1", "2", "3", "4", "5"} {
				c.Send(text)
			}
			harness.WantAll([]*harness.Client{c}, "1", "12", "123")
		}},
		{"flood", "1;", 1008, "too many messages", func(c *harness.Client) {
			c.Send("1")
			for range 11 {
				if err := c.Conn.WriteMessage(websocket.PingMessage, nil); err != nil {
					t.Fatal(err)
				}
			}
			c.Want("1")
		}},
		{"too_big", ";", 1009, "message too big", func(c *harness.Client) { c.Send(strings.Repeat("x", 1025)) }},
		{"idle", "1;", 1008, "idle for too long", func(c *harness.Client) { c.Send("1"); c.Want("1") }},
	} {
		before := s.ReadIfThere("closed")
		c := s.Connect()
		row.exceed(c)
		if code, reason := c.Closed(); code != row.code || reason != row.reason {
			t.Errorf("%s: closed with %d %q", row.ending, code, reason)
		}
		s.Log.Wait("client left", `"ending":"`+row.ending+`"`)
		harness.Eventually(t, "the close event has run", func() bool { return s.ReadIfThere("closed") == before+row.closed })
	}
	_, metrics := s.Get("/metrics")
	for _, want := range []string{`wsbridge_clients_ended_total{ending="flood"} 2`, `wsbridge_clients_ended_total{ending="idle"} 1`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in\n%s", want, metrics)
		}
	}
	if n := s.Log.Count("client is over a limit"); n < 3 {
		t.Errorf("%d limits were logged", n)
	}
}
