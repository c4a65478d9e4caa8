package tests

import (
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// Over a limit a client is closed with its name; what it said within it has run, and its close event comes behind that.
func TestClientsOverTheirLimitsAreClosedAndCounted(t *testing.T) {
	t.Parallel()
	s := serve(t, app{
		toml: "[server]\nmessage_rate = 1\nmessage_burst = 3\ncontrol_rate = 1\nidle_timeout = \"1s\"\nmax_message = \"1KiB\"\n",
		handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { $connection["said"].=$msg[0]; send_text($client_key,$connection["said"]); }
function ws_server_open(&$connections,&$connection,$client_key) { $connection["said"]=""; }
function ws_server_before_close(&$connections,&$connection) { file_put_contents(__DIR__."/closed",$connection["said"].";",FILE_APPEND); }`})
	for _, row := range []struct {
		ending, closed string
		code           int
		reason         string
		exceed         func(c *client)
	}{
		{"flood", "123;", 1008, "too many messages", func(c *client) {
			for _, text := range []string{"1", "2", "3", "4", "5"} {
				c.send(text)
			}
			all([]*client{c}, "1", "12", "123")
		}},
		{"flood", "1;", 1008, "too many messages", func(c *client) {
			c.send("1")
			for range 11 {
				if err := c.conn.WriteMessage(websocket.PingMessage, nil); err != nil {
					t.Fatal(err)
				}
			}
			c.want("1")
		}},
		{"too_big", ";", 1009, "message too big", func(c *client) { c.send(strings.Repeat("x", 1025)) }},
		{"idle", "1;", 1008, "idle for too long", func(c *client) { c.send("1"); c.want("1") }},
	} {
		before := s.readIfThere("closed")
		c := s.connect()
		row.exceed(c)
		if code, reason := c.closed(); code != row.code || reason != row.reason {
			t.Errorf("%s: closed with %d %q", row.ending, code, reason)
		}
		s.log.wait("client left", `"ending":"`+row.ending+`"`)
		eventually(t, "the close event has run", func() bool { return s.readIfThere("closed") == before+row.closed })
	}
	_, metrics := s.get("/metrics")
	for _, want := range []string{`wsbridge_clients_ended_total{ending="flood"} 2`, `wsbridge_clients_ended_total{ending="idle"} 1`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in\n%s", want, metrics)
		}
	}
	if n := s.log.count("client is over a limit"); n < 3 {
		t.Errorf("%d limits were logged", n)
	}
}
