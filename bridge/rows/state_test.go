package rows

import (
	"reflect"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

// filled returns a table with a row in each state that a row can have, and global variables.
func filled() *Table {
	t := newTableWith(5)
	step(t, 2, Removed)
	step(t, 3, Opened)
	set(t, 3, "name", `"x"`)
	step(t, 4, Opened)
	step(t, 4, Unreachable)
	step(t, 5, Opened)
	step(t, 5, Terminated)
	t.Apply(Change{Globals: &protocol.GlobalChanges{First: []string{"first"}, RowChange: protocol.RowChange{
		Set: protocol.Fields{{Name: "first", Value: []byte("1")}, {Name: "later", Value: []byte("2")}}}}})
	return t
}

func TestAnotherTableGoesOnWithAState(t *testing.T) {
	before := filled()
	state := before.State()
	told := published{}
	after := New(told, func(err error) { t.Error(err) })
	if err := after.Restore(&state); err != nil {
		t.Fatal(err)
	}
	if again := after.State(); !reflect.DeepEqual(again, state) {
		t.Errorf("got %+v\nwant %+v", again, state)
	}
	if got, want := show(after.All()), "4 [1 CONNECTING 3 OPEN 4 OPEN 5 REMOTE TERMINATED]"; got != want {
		t.Errorf("got %s", got)
	}
	if key := after.NewKey(); key != 6 {
		t.Errorf("the next key is %d", key)
	}
	o1, c1, a1 := before.Counts()
	if o2, c2, a2 := after.Counts(); o1 != o2 || c1 != c2 || a1 != a2 || *before.OpenRanges() != *after.OpenRanges() {
		t.Errorf("got %d %d %d, want %d %d %d", o2, c2, a2, o1, c1, a1)
	}
	if want := (published{3: {3, true, true}, 4: {4, false, true}}); !reflect.DeepEqual(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
	after.ForgetFirst()
	if names := after.GlobalNames(); len(names) != 1 || names[0] != "later" {
		t.Errorf("other code keeps %q", names)
	}
}

func TestBadStatesChangeNothing(t *testing.T) {
	for what, change := range map[string]func(*State){
		"the key 4 after 5": func(s *State) { s.Rows[2], s.Rows[3] = s.Rows[3], s.Rows[2] },
		"the last key is 3": func(s *State) { s.LastKey = 3 },
		"variable gone":     func(s *State) { s.First = append(s.First, "gone") },
	} {
		state := filled().State()
		change(&state)
		table := New(nil, nil)
		if err := table.Restore(&state); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v", what, err)
		}
		if _, _, all := table.Counts(); all != 0 || table.NewKey() != 1 {
			t.Errorf("%s: the table has changed", what)
		}
	}
}

// A table that was restored comes to where another is by what has changed there since, and the worker that follows it is told that.
func TestATableCatchesUp(t *testing.T) {
	before := filled()
	old := before.State()
	told := published{}
	after := New(told, func(err error) { t.Error(err) })
	if err := after.Restore(&old); err != nil {
		t.Fatal(err)
	}
	if same := before.Since(&old); len(same.Rows)+len(same.Gone) != 0 {
		t.Errorf("nothing has changed: got %+v", same)
	}
	after.Follow()
	step(before, 1, Opened)
	step(before, 4, Removed)
	key := before.NewKey()
	before.Apply(Change{Key: key, Step: Created})
	step(before, 5, Removed)
	set(before, 3, "name", `"y"`)
	news := before.Since(&old)
	if len(news.Rows) != 3 || !reflect.DeepEqual(news.Gone, []int64{4, 5}) {
		t.Errorf("got %+v", news)
	}
	if err := after.Restore(&news); err != nil {
		t.Fatal(err)
	}
	if got, want := after.State(), before.State(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	changes, left, _ := after.Take()
	if changes.Entries != 5 || !reflect.DeepEqual(left, []int64{4, 5}) {
		t.Errorf("told %d changes, %v have left", changes.Entries, left)
	}
	o1, c1, a1 := before.Counts()
	if o2, c2, a2 := after.Counts(); o1 != o2 || c1 != c2 || a1 != a2 || *before.OpenRanges() != *after.OpenRanges() {
		t.Errorf("got %d %d %d, want %d %d %d", o2, c2, a2, o1, c1, a1)
	}
	if missing, ok := after.Connected([]int64{1, 3}); ok || missing != 0 {
		t.Errorf("3 rows: got %d %v", missing, ok)
	}
	if missing, ok := after.Connected([]int64{1, 3, key}); ok || missing != key {
		t.Errorf("one is not open: got %d %v", missing, ok)
	}
}

// The values that the application's file gives are those of each process.
func TestRowsAloneCatchUp(t *testing.T) {
	before := filled()
	after := New(nil, nil)
	old := before.State()
	if err := after.Restore(&old); err != nil {
		t.Fatal(err)
	}
	after.Apply(Change{Globals: &protocol.GlobalChanges{First: []string{"own"}, RowChange: protocol.RowChange{
		Set: protocol.Fields{{Name: "own", Value: []byte("1")}}}}})
	set(before, 3, "name", `"y"`)
	news := before.Since(&old)
	if err := after.RestoreRows(&news); err != nil {
		t.Fatal(err)
	}
	if got := after.Fields(3).Get("name"); string(got) != `"y"` || !after.HasGlobal("own") || !after.HasGlobal("later") {
		t.Errorf("got %s, %q", got, after.GlobalNames())
	}
	after.ForgetFirst()
	if after.HasGlobal("own") {
		t.Error("it counts as an event's")
	}
}
