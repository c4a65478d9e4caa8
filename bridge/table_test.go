package bridge

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/bridge/socket"
	"github.com/wsbridge/wsbridge/protocol"
)

func newTableWith(n int) (*table, []*client) {
	t := newTable(nil, nil)
	var clients []*client
	for range n {
		c := &client{}
		t.add(c, "127.0.0.1:1", func() {})
		clients = append(clients, c)
	}
	return t, clients
}

func open(t *table, c *client) { t.open(c, func() { c.out = &socket.Conn{} }) }

// show reads rows as PHP does, in short: each row's key and state.
func show(e protocol.Encoded) string {
	var b strings.Builder
	for _, p := range e.Parts {
		b.Write(p)
	}
	var all []string
	for _, m := range regexp.MustCompile(`i:(\d+);a:\d+:\{s:9:"peer_name".*?s:5:"state";s:\d+:"([A-Z ]+)";`).FindAllStringSubmatch(b.String(), -1) {
		all = append(all, m[1]+" "+m[2])
	}
	return fmt.Sprint(e.Entries, all)
}

func TestTableSnapshot(t *testing.T) {
	table, clients := newTableWith(2)
	if got := show(table.snapshot()); got != "2 [1 CONNECTING 2 CONNECTING]" {
		t.Errorf("got %s", got)
	}
	before := table.snapshot()
	table.remove(clients[0])
	if got := show(table.snapshot()); got != "1 [2 CONNECTING]" {
		t.Errorf("got %s", got)
	}
	if got := show(before); got != "2 [1 CONNECTING 2 CONNECTING]" {
		t.Errorf("a snapshot changed: %s", got)
	}
	late := &client{}
	if table.add(late, "127.0.0.1:1", func() {}); late.key != 3 {
		t.Errorf("key %d was used before", late.key)
	}
	if table.remove(clients[0]) {
		t.Error("removed twice")
	}
	open(table, late)
	if got := show(table.snapshot()); got != "2 [2 CONNECTING 3 OPEN]" {
		t.Errorf("got %s", got)
	}
}

// An event that needs all rows costs what has changed, not what there is.
func TestTableEncodesOnlyWhatChanged(t *testing.T) {
	table, clients := newTableWith(10 * blockSize)
	first := table.snapshot()
	table.set(clients[5*blockSize], protocol.Field{Name: "login", Value: []byte(`"a"`)})
	second := table.snapshot()
	same := 0
	for i := range first.Parts {
		if &first.Parts[i][0] == &second.Parts[i][0] {
			same++
		}
	}
	if len(first.Parts) != len(second.Parts) || same != len(first.Parts)-1 {
		t.Errorf("%d of %d parts are the same", same, len(first.Parts))
	}
	if second.Entries != 10*blockSize {
		t.Errorf("%d rows", second.Entries)
	}
}

func TestTableInAnyOrderOfLeaving(t *testing.T) {
	table, clients := newTableWith(3*blockSize + 7)
	for i := range clients {
		leaving := clients[(i*101+13)%len(clients)] // 101 is prime to their number
		table.remove(leaving)
		keys := int64(0)
		for _, c := range table.all() {
			if c.key <= keys || c == leaving {
				t.Fatalf("after %d left: client %d behind %d", i+1, c.key, keys)
			}
			keys = c.key
		}
		if got := table.snapshot().Entries; got != len(clients)-i-1 {
			t.Fatalf("%d rows after %d of %d left", got, i+1, len(clients))
		}
	}
	if len(table.rows.blocks) > 0 {
		t.Error("empty blocks are kept")
	}
}

func TestTableOpenKeys(t *testing.T) {
	table, clients := newTableWith(5)
	for _, i := range []int{0, 1, 3} {
		open(table, clients[i])
	}
	if got := *table.openKeys(); got != "1-2,4" {
		t.Errorf("got %q", got)
	}
	unchanged := table.openKeys()
	table.set(clients[0], protocol.Field{Name: "login", Value: []byte(`"a"`)})
	if table.openKeys() != unchanged {
		t.Error("who is open was looked for anew, though that has not changed")
	}
	table.apply(protocol.RowChanges{2: {Set: protocol.Fields{{Name: "state", Value: []byte(`"HIDDEN"`)}}}})
	if got := *table.openKeys(); got != "1,4" {
		t.Errorf("got %q: a state that a handler has set counts", got)
	}
	table.apply(protocol.RowChanges{3: {Set: protocol.Fields{{Name: "state", Value: []byte(stateOpen)}}}})
	if n := len(table.openClients()); n != 2 {
		t.Errorf("%d open clients: a state cannot open a socket", n)
	}
}

// news is a Presence that remembers the last of each client.
type news map[int64]presence

func (n news) Set(client int64, connected, open bool) error {
	n[client] = presence{connected, open}
	return nil
}

func TestTableTellsWhoIsThere(t *testing.T) {
	told := news{}
	table := newTable(told, nil)
	c := &client{}
	for _, step := range []struct {
		what string
		do   func()
		want presence
	}{
		{"added", func() { table.add(c, "127.0.0.1:1", func() {}) }, presence{}},
		{"opened", func() { open(table, c) }, presence{true, true}},
		{"hidden", func() { table.set(c, protocol.Field{Name: "state", Value: []byte(`"HIDDEN"`)}) }, presence{true, false}},
		{"shown", func() { table.set(c, protocol.Field{Name: "state", Value: []byte(stateOpen)}) }, presence{true, true}},
		{"lost", func() { table.lost(c) }, presence{false, true}},
		{"removed", func() { table.remove(c) }, presence{}},
	} {
		if step.do(); told[1] != step.want {
			t.Errorf("%s: got %+v, want %+v", step.what, told[1], step.want)
		}
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
	own := table.ownRow(clients[0])
	want := `i:1;a:4:{s:9:"peer_name";s:11:"127.0.0.1:1";s:5:"state";s:10:"CONNECTING";s:6:"buffer";a:0:{}s:5:"login";s:1:"a";}`
	if got := string(own.Parts[0]); got != want {
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
