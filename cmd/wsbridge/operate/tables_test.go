package operate

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/protocol"
)

// wantText fails the test unless write writes that.
func wantText(t *testing.T, want string, write func(out *strings.Builder)) {
	t.Helper()
	var out strings.Builder
	if write(&out); out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func someConnection() api.Connection {
	return api.Connection{
		Key: 12, State: "OPEN", RemoteAddress: "192.0.2.7:50123", Connected: time.Now().Add(-2*time.Hour - 5*time.Minute),
		Idle: 1_270_000, Messages: api.Messages{Received: 31, ReceivedBytes: 2048, Sent: 1204, SentBytes: 5 << 20},
		EventsWaiting: 1, SendQueue: 3, SendQueueBytes: 1536,
		Row: protocol.Fields{{Name: "login", Value: json.RawMessage(`"anna\u001b[2J"`)}, {Name: "rooms", Value: json.RawMessage(`["a","b"]`)}},
	}
}

func TestConnectionsAsATable(t *testing.T) {
	young := api.Connection{Key: 1000, State: "CONNECTING", RemoteAddress: "[2001:db8::1]:1", Connected: time.Now()}
	found := &api.Connections{Connections: []api.Connection{someConnection(), young}, Total: 7}
	wantText(t, `KEY   STATE       ADDRESS          SINCE  IDLE   IN  OUT   WAITING                                 LOGIN     ROOMS
12    OPEN        192.0.2.7:50123  2h5m   1.27s  31  1204  1 event, 3 messages to send (1.50 KiB)  anna [2J  ["a","b"]
1000  CONNECTING  [2001:db8::1]:1  0s     0µs    0   0     -
… and 5 more: --limit
`, func(out *strings.Builder) { writeConnections(out, found, []string{"login", "rooms"}) })
}

func TestConnectionAsAPage(t *testing.T) {
	c := &api.ConnectionDetails{Connection: someConnection(), Request: api.Request{Path: "/chat", UserAgent: "Mozilla\x1b[2J"},
		History: []api.Event{{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local), Event: "text", Bytes: 5, Queue: 40, Wait: 210, Run: 480,
			Apply: 40, Total: 770, Made: api.Made{Sent: 2, Rows: 1}, Failure: "fatal", Error: "Call to\nundefined x()", File: "/srv/e.php", Line: 7}}}
	since := c.Connected.Local().Format(time.DateTime)
	wantText(t, `connection 12  OPEN
address        192.0.2.7:50123
since          `+since+` (2h5m)
idle           1.27s
received       31 messages, 2.00 KiB
sent           1204 messages, 5.00 MiB
waiting        1 event, 3 messages to send (1.50 KiB)
path           /chat
origin         -
user agent     Mozilla [2J
subprotocol    -

row
  login  anna [2J
  rooms  ["a","b"]

latest events
  TIME      EVENT  BYTES  TOTAL  QUEUE  CONNECT  WAIT   RUN    APPLY  SENT  CLOSED  ROWS
  03:04:05  text   5 B    770µs  40µs   0µs      210µs  480µs  40µs   2     0       1     failed: fatal: Call to undefined x() at /srv/e.php:7
`, func(out *strings.Builder) { writeConnection(out, c) })
}

func TestFailuresAsATable(t *testing.T) {
	wantText(t, "no event has failed\n", func(out *strings.Builder) { writeErrors(out, &api.Errors{}) })
	found := &api.Errors{Errors: []api.Failure{
		{Time: time.Now().Add(-61 * time.Second), Event: "text", Client: 12, Failure: "exception", Message: "no\nroom",
			File: "/srv/e.php", Line: 7, Times: 3},
		{Time: time.Now(), Event: "loop", Failure: "timeout", Message: "took longer than 30s", Times: 1},
	}}
	wantText(t, `AGO   TIMES  EVENT  CLIENT  FAILURE
1m1s  3      text   12      exception: no room at /srv/e.php:7
0s    1      loop   -       timeout: took longer than 30s
`, func(out *strings.Builder) { writeErrors(out, found) })
}

// someResidents are an alone worker, a spare, and five that have ended.
func someResidents() api.Residents {
	now := time.Now()
	r := api.Residents{Enabled: true, Replaced: map[string]uint64{"memory": 5, "code": 1}, Workers: []api.Worker{
		{PID: 40, Kind: "alone", Started: now.Add(-65 * time.Second), Events: 1234, Memory: 38 << 20, Code: "0123abcdef+"},
		{PID: 41, Kind: "spare", Started: now.Add(-5 * time.Second)}}}
	ended := now.Add(-65 * time.Second)
	for i := range 5 {
		r.Ended = append(r.Ended, api.Worker{PID: 34 - i, Kind: "alone", Started: ended.Add(-time.Minute), Ended: &ended, Reason: "it uses\nmuch memory"})
	}
	return r
}

func TestWorkersAsATable(t *testing.T) {
	wantText(t, "no resident workers, since php.resident = \"off\": each event is a request of its own\n",
		func(out *strings.Builder) { writeResidents(out, &api.Residents{Why: `php.resident = "off"`}) })
	r := someResidents()
	r.Workers[0].Reason, r.Ended, r.Stateless, r.BootsFailed = "php-fpm ends", r.Ended[:1], true, 2
	r.BootFailure = &api.BootFailure{Time: time.Now().Add(-3 * time.Second), Error: "no\nsuch pool"}
	wantText(t, `no resident worker can be started: events run in requests of their own, and nothing is kept; replaced 6 times so far; 2 could not be started, the last 3s ago: no such pool

KIND   PID  AGE   EVENTS  MEMORY    CODE
alone  40   1m5s  1234    38.0 MiB  0123abcd  leaves: php-fpm ends
spare  41   5s    0       -         -
alone  34   1m0s  0       -         -         ended 1m5s ago: it uses much memory
`, func(out *strings.Builder) { writeResidents(out, &r) })
	ended := time.Now()
	wantText(t, "worker 41 has taken over from worker 34, which ran 1 event in 3s\n", func(out *strings.Builder) {
		writeRecycled(out, &api.Recycled{Before: api.Worker{PID: 34, Started: ended.Add(-3 * time.Second), Ended: &ended, Events: 1},
			After: api.Worker{PID: 41}})
	})
}

func TestStatusAtAGlance(t *testing.T) {
	s := &api.Status{Version: "1.0", Ready: true, Uptime: api.Of(49 * time.Hour), PID: 7, LogLevel: "info", Listen: "127.0.0.1:50000"}
	s.Connections.All, s.Connections.Open, s.Connections.Accepted, s.Connections.Refused = 3, 2, 9, 1
	s.PHP = api.PHP{Version: "8.2.1", Managed: true, Address: "unix:/run/x"}
	s.Application = api.Application{EventsFile: "/srv/e.php", Isolation: "auto",
		Handlers: []api.Handler{{Cells: []string{"ws_server_fifo", "4 parameters", "alone, with all rows", "uses\n$connections, e.php:12"}},
			{Cells: []string{"ws_server_after_close", "1 parameter", "in the alone worker, in one order", "shares"}}}}
	s.Residents = someResidents()
	wantText(t, `wsbridge 1.0  takes clients
running       2d1h, process 7, log level info
listens       127.0.0.1:50000, pipe -
clients       2 open, 1 coming or leaving; 9 let in, 1 refused so far
messages      0 received (0 B), 0 sent (0 B)
events        0 running, 0 waiting (0 B); 0 done, 0 of them failed
php-fpm       8.2.1, wsbridge's own, at unix:/run/x; 0 of 0 connections
workers       events run in a resident worker; replaced 6 times so far
from          -, /srv/e.php

workers
  KIND   PID  AGE   EVENTS  MEMORY    CODE
  alone  40   1m5s  1234    38.0 MiB  0123abcd
  spare  41   5s    0       -         -
  alone  34   1m0s  0       -         -         ended 1m5s ago: it uses much memory
  alone  33   1m0s  0       -         -         ended 1m5s ago: it uses much memory
  alone  32   1m0s  0       -         -         ended 1m5s ago: it uses much memory

handlers, isolation auto
  ws_server_fifo         4 parameters  alone, with all rows               uses $connections, e.php:12
  ws_server_after_close  1 parameter   in the alone worker, in one order  shares
`, func(out *strings.Builder) { writeStatus(out, s) })
	for want, change := range map[string]func(){
		"takes no clients: php-fpm is away": func() { s.Ready, s.Why = false, "php-fpm is\naway" },
		"is paused":                         func() { s.Ready, s.Paused = false, true },
		"is shutting down":                  func() { s.Draining = true },
	} {
		before := *s
		if change(); !strings.HasPrefix(stateText(s), want) {
			t.Errorf("got %q, want %q", stateText(s), want)
		}
		*s = before
	}
}
