package phphandlers

import (
	"slices"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

// TestTraceOfAnEventIsInServer has two events in a request, each with its own place in a trace, and one without.
func TestTraceOfAnEventIsInServer(t *testing.T) {
	const first, second, clients = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b6-01"
	a := newApp(t, `function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,isset($_SERVER["WSBRIDGE_TRACEPARENT"])?$_SERVER["WSBRIDGE_TRACEPARENT"]:"none");
	send_text($client_key,$_SERVER["HTTP_TRACEPARENT"]);
}`).with("server", "1").with("HTTP_TRACEPARENT", clients)
	event := func(seq uint64, trace string) *protocol.Event {
		e := row(protocol.Text, "x", `{"state":"OPEN"}`)
		e.Seq, e.Trace = seq, trace
		return e
	}
	for _, test := range []struct {
		events []*protocol.Event
		want   []string
	}{
		{[]*protocol.Event{event(1, "")}, []string{"none", clients}},
		{[]*protocol.Event{event(1, first)}, []string{first, clients}},
		{[]*protocol.Event{event(1, first), event(2, second)}, []string{first, clients, second, clients}},
	} {
		var got []string
		for _, e := range a.run(test.events...) {
			if e.Send != nil {
				got = append(got, string(e.Send.Payload))
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
