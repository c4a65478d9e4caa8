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
