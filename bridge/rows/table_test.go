package rows

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

func newTableWith(n int) *Table {
	t := New(nil, nil)
	for range n {
		add(t)
	}
	return t
}

func add(t *Table) int64 {
	key := t.NewKey()
	t.Apply(Change{Key: key, Step: Created, Peer: "127.0.0.1:1"})
	return key
}

func step(t *Table, key int64, s Step) bool {
	_, ok := t.Apply(Change{Key: key, Step: s})
	return ok
}

func set(t *Table, key int64, name, value string) {
	t.Apply(Change{Key: key, Set: protocol.Fields{{Name: name, Value: []byte(value)}}})
}

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

func TestTableAll(t *testing.T) {
	table := newTableWith(2)
	before := table.All()
	if got := show(before); got != "2 [1 CONNECTING 2 CONNECTING]" {
		t.Errorf("got %s", got)
	}
	step(table, 1, Removed)
	if got := show(table.All()); got != "1 [2 CONNECTING]" {
		t.Errorf("got %s", got)
	}
	if got := show(before); got != "2 [1 CONNECTING 2 CONNECTING]" {
		t.Errorf("what was read before changed: %s", got)
	}
	late := add(table)
	if late != 3 {
		t.Errorf("key %d was used before", late)
	}
	if step(table, 1, Removed) {
		t.Error("removed twice")
	}
	step(table, late, Opened)
	if got := show(table.All()); got != "2 [2 CONNECTING 3 OPEN]" {
		t.Errorf("got %s", got)
	}
}

// Of two clients that come at the same time, the one with the higher key can be added first.
func TestTableKeepsTheOrderOfKeys(t *testing.T) {
	table := New(nil, nil)
	for range 2 * blockSize {
		table.NewKey()
	}
	for _, key := range []int64{blockSize + 1, 2, blockSize, 1, blockSize - 1} {
		table.Apply(Change{Key: key, Step: Created})
	}
	if got := show(table.All()); got != fmt.Sprintf("5 [1 CONNECTING 2 CONNECTING %d CONNECTING %d CONNECTING %d CONNECTING]",
		blockSize-1, blockSize, blockSize+1) {
		t.Errorf("got %s", got)
	}
}

// An event that needs all rows costs only what has changed.
func TestTableEncodesOnlyWhatChanged(t *testing.T) {
	table := newTableWith(10 * blockSize)
	first := table.All()
	set(table, 5*blockSize, "login", `"a"`)
	second := table.All()
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

func TestTableRemovesRowsInAnyOrder(t *testing.T) {
	const n = 3*blockSize + 7
	table := newTableWith(n)
	for i := range n {
		leaving := int64((i*101+13)%n + 1) // 101 is prime to n
		step(table, leaving, Removed)
		last := int64(0)
		page, total := table.Page(nil, 0, n)
		for _, e := range page {
			if e.Key <= last || e.Key == leaving {
				t.Fatalf("after %d left: client %d after %d", i+1, e.Key, last)
			}
			last = e.Key
		}
		if got := table.All().Entries; got != n-i-1 || total != got {
			t.Fatalf("%d rows after %d of %d left", got, i+1, n)
		}
	}
	if len(table.blocks) > 0 {
		t.Error("empty blocks are kept")
	}
}

func TestTableOpenClients(t *testing.T) {
	table := newTableWith(5)
	for _, key := range []int64{1, 2, 4} {
		step(table, key, Opened)
	}
	if got := *table.OpenRanges(); got != "1-2,4" {
		t.Errorf("got %q", got)
	}
	unchanged := table.OpenRanges()
	set(table, 1, "login", `"a"`)
	if table.OpenRanges() != unchanged {
		t.Error("the keys were collected again, though no client has opened or left")
	}
	table.Apply(Change{Rows: protocol.RowChanges{2: {Set: protocol.Fields{{Name: "state", Value: []byte(`"HIDDEN"`)}}}}})
	if got := *table.OpenRanges(); got != "1,4" {
		t.Errorf("got %q: a state that a handler has set counts", got)
	}
	set(table, 3, "state", stateOpen)
	if got := table.Open(nil); !slices.Equal(got, []int64{1, 4}) {
		t.Errorf("got %v: a state cannot open a socket", got)
	}
	if got := table.Open(Filter{{Field: "login", Value: "a"}}); !slices.Equal(got, []int64{1}) {
		t.Errorf("got %v", got)
	}
	if open, connecting, all := table.Counts(); open != 2 || connecting != 2 || all != 5 {
		t.Errorf("got %d, %d, %d", open, connecting, all)
	}
}

// published is a Presence that keeps the last call for each client.
type published map[int64]presence

func (p published) Set(client int64, connected, open bool) error {
	p[client] = presence{client, connected, open}
	return nil
}

func TestTablePublishesPresence(t *testing.T) {
	got := published{}
	table := New(got, nil)
	for _, row := range []struct {
		what string
		do   func()
		want presence
	}{
		{"created", func() { add(table) }, presence{}},
		{"opened", func() { step(table, 1, Opened) }, presence{1, true, true}},
		{"hidden", func() { set(table, 1, "state", `"HIDDEN"`) }, presence{1, true, false}},
		{"shown", func() { set(table, 1, "state", stateOpen) }, presence{1, true, true}},
		{"unreachable", func() { step(table, 1, Unreachable) }, presence{1, false, true}},
		{"terminated", func() { step(table, 1, Terminated) }, presence{1, false, false}},
		{"removed", func() { step(table, 1, Removed) }, presence{1, false, false}},
	} {
		if row.do(); got[1] != row.want {
			t.Errorf("%s: got %+v, want %+v", row.what, got[1], row.want)
		}
	}
}

// slowPresence is a file system that hangs during the first write.
type slowPresence struct {
	mu      sync.Mutex
	last    map[int64]bool
	once    sync.Once
	began   chan struct{}
	release chan struct{}
}

func (p *slowPresence) Set(client int64, connected, _ bool) error {
	p.once.Do(func() { close(p.began); <-p.release })
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last[client] = connected
	return nil
}

func TestTableIsNotLockedWhilePresenceIsWritten(t *testing.T) {
	p := &slowPresence{last: map[int64]bool{}, began: make(chan struct{}), release: make(chan struct{})}
	table := New(p, nil)
	a, b := add(table), add(table)
	var writers sync.WaitGroup
	writers.Go(func() { step(table, a, Opened) })
	<-p.began
	if got := table.Open(nil); !slices.Equal(got, []int64{a}) { // it would hang
		t.Errorf("got %v", got)
	}
	done := make(chan struct{})
	writers.Go(func() { step(table, b, Opened); step(table, a, Removed); close(done) })
	select {
	case <-done:
		t.Error("a change is over before it was written")
	case <-time.After(20 * time.Millisecond):
	}
	close(p.release)
	writers.Wait()
	if p.last[a] || !p.last[b] {
		t.Errorf("got %v", p.last)
	}
}

func TestTableAppliesWhatAnEventChanged(t *testing.T) {
	table := newTableWith(2)
	removed, _ := table.Apply(Change{
		Rows: protocol.RowChanges{
			1: {Set: protocol.Fields{{Name: "login", Value: []byte(`"a"`)}}, Unset: []string{"ping_time", "pong_time"}},
			2: nil,
			9: {Set: protocol.Fields{{Name: "ghost", Value: []byte(`1`)}}},
		},
		Globals: &protocol.GlobalChanges{RowChange: protocol.RowChange{Set: protocol.Fields{{Name: "counter", Value: []byte(`3`)}}}},
	})
	if !slices.Equal(removed, []int64{2}) {
		t.Errorf("removed %v", removed)
	}
	own, ok := table.Own(1)
	want := `i:1;a:4:{s:9:"peer_name";s:11:"127.0.0.1:1";s:5:"state";s:10:"CONNECTING";s:6:"buffer";a:0:{}s:5:"login";s:1:"a";}`
	if got := string(own.Parts[0]); got != want || !ok {
		t.Errorf("got %s", got)
	}
	if got := table.Globals([]string{"none", "counter"}); got.Entries != 1 || string(got.Parts[0]) != `s:7:"counter";i:3;` {
		t.Errorf("got %q", got.Parts)
	}
}

func TestTableDoesNotOpenARemovedRow(t *testing.T) {
	table := newTableWith(1)
	step(table, 1, Removed)
	if step(table, 1, Opened) {
		t.Error("opened")
	}
	if _, ok := table.Own(1); ok || table.Get(1) != nil {
		t.Error("it still has a row")
	}
}
