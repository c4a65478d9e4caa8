package bridge

import (
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func newTableWith(n int) (*table, []*client) {
	t := newTable()
	var clients []*client
	for range n {
		c := &client{}
		t.add(c, "127.0.0.1:1")
		clients = append(clients, c)
	}
	return t, clients
}

func open(t *table, c *client) { t.open(c, func() { c.out = &outbox{} }) }

const connecting = `{"peer_name":"127.0.0.1:1","state":"CONNECTING","buffer":[],"ping_time":false,"pong_time":false}`

func TestTableSnapshot(t *testing.T) {
	table, clients := newTableWith(2)
	if got, want := string(table.snapshot()), `{"1":`+connecting+`,"2":`+connecting+`}`; got != want {
		t.Errorf("got %s", got)
	}
	before := table.snapshot()
	table.remove(clients[0])
	if got := string(table.snapshot()); got != `{"2":`+connecting+`}` {
		t.Errorf("got %s", got)
	}
	if string(before) != `{"1":`+connecting+`,"2":`+connecting+`}` {
		t.Error("a snapshot changed")
	}
	late := &client{}
	if table.add(late, "x"); late.key != 3 {
		t.Errorf("key %d was used before", late.key)
	}
	if table.remove(clients[0]) {
		t.Error("removed twice")
	}
}

func TestTableOpenKeys(t *testing.T) {
	table, clients := newTableWith(5)
	for _, i := range []int{0, 1, 3} {
		open(table, clients[i])
	}
	if _, ranges := table.ownRow(clients[0]); ranges != "1-2,4" {
		t.Errorf("got %q", ranges)
	}
	table.apply(protocol.RowChanges{2: {Set: protocol.Fields{{Name: "state", Value: []byte(`"HIDDEN"`)}}}})
	if _, ranges := table.ownRow(clients[0]); ranges != "1,4" {
		t.Errorf("got %q: a state that a handler has set counts", ranges)
	}
	table.apply(protocol.RowChanges{3: {Set: protocol.Fields{{Name: "state", Value: []byte(stateOpen)}}}})
	if n := len(table.openClients()); n != 2 {
		t.Errorf("%d open clients: a state cannot open a socket", n)
	}
}

func TestTableAppliesChanges(t *testing.T) {
	table, clients := newTableWith(2)
	removed := table.apply(protocol.RowChanges{
		1: {Set: protocol.Fields{{Name: "login", Value: []byte(`"a"`)}}, Unset: []string{"ping_time", "pong_time"}},
		2: nil,
		9: {Set: protocol.Fields{{Name: "ghost", Value: []byte(`1`)}}},
	})
	if len(removed) != 1 || removed[0] != clients[1] {
		t.Errorf("removed %v", removed)
	}
	row, _ := table.ownRow(clients[0])
	if got := string(row); got != `{"peer_name":"127.0.0.1:1","state":"CONNECTING","buffer":[],"login":"a"}` {
		t.Errorf("got %s", got)
	}
}

func TestTableDoesNotOpenWhatIsGone(t *testing.T) {
	table, clients := newTableWith(1)
	table.remove(clients[0])
	if table.open(clients[0], func() { t.Error("made ready") }) {
		t.Error("opened")
	}
}
