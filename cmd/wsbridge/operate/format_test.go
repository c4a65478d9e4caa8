package operate

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/cmd/wsbridge/terminal"
	"github.com/wsbridge/wsbridge/protocol"
)

func TestNumbersForPeople(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{took(0), "0µs"}, {took(999), "999µs"}, {took(1000), "1.00ms"}, {took(9_994), "9.99ms"}, {took(9_996), "10.0ms"},
		{took(99_960), "100ms"}, {took(1_500_000), "1.50s"}, {took(61_000_000), "1m1s"},
		{age(-time.Second), "0s"}, {age(59 * time.Second), "59s"}, {age(61 * time.Minute), "1h1m"}, {age(49 * time.Hour), "2d1h"},
		{size(0), "0 B"}, {size(1023), "1023 B"}, {size(1024), "1.00 KiB"}, {size(uint64(5) << 40), "5.00 TiB"}, {size(3 << 19), "1.50 MiB"},
		{terminal.Plural(1, "row"), "1 row"}, {terminal.Plural(0, "row"), "0 rows"},
		{value(json.RawMessage(`"a\tb"`), 0), "a\tb"}, {value(json.RawMessage(`{"a":1}`), 0), `{"a":1}`}, {value(json.RawMessage(`"grüße"`), 3), "grü…"},
		{value(json.RawMessage(`{"base64":"/w=="}`), 0), `{"base64":"/w=="}`}, {value(nil, 9), ""},
		{oneLine(" a\n b\tc "), "a b c"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestEventsForPeople(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.Local)
	e := api.Event{Time: at, Event: "text", Client: 7, Bytes: 5, Queue: 10, Connect: 0, Wait: 400, Run: 1200, Apply: 30, Total: 1640,
		Effects: []api.Effect{
			{Send: &api.Send{To: protocol.Recipients{Keys: []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}, Bytes: 3}},
			{Send: &api.Send{To: protocol.Recipients{Open: true}, Count: 2, Bytes: 2048, Payload: &api.Text{Data: []byte("\x1b[2J"), Cut: 2044}}},
			{Close: &protocol.Close{Client: 9, Code: 1008, Reason: "flood\n"}},
			{Log: &protocol.Log{Level: "warning", Message: "two\nlines", File: "/app/e.php", Line: 3}},
			{Rows: 2}, {More: 6},
		},
		Result: json.RawMessage("true"), Failure: "exit", Error: "the handler called exit or die"}
	want := `03:04:05.006  text of 7  1.64ms = queue 10µs + connect 0µs + wait 400µs + run 1.20ms + apply 30µs
    ← 5 B
    → 3 B to 1, 2, 3, 4, 5, 6, 7, 8, 2 more
    → 2.00 KiB to all (2 clients)   [2J… and 2.00 KiB more
    ⊗ close of 9: 1008 flood
    ! warning: two lines at /app/e.php:3
    ± 2 rows changed
    … and 6 effects more
    = true
    ✗ exit: the handler called exit or die
`
	if got := lineText(&api.Line{Event: e}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := lineText(&api.Line{Dropped: 3}); got != "… 3 events came too fast to be shown\n" {
		t.Errorf("got %q", got)
	}
}

func TestWhatAReloadDidIsSaid(t *testing.T) {
	for want, r := range map[string]api.Reloaded{
		"nothing has changed\n": {Unchanged: 80},
		"changed: log.level, server.max_message\nfor new clients only: server.max_message\nafter a restart: server.listen\n": {
			Applied: []string{"log.level", "server.max_message"}, NewClients: []string{"server.max_message"}, Restart: []string{"server.listen"}},
	} {
		var out strings.Builder
		if writeReloaded(&out, &r); out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	}
}
