package rows

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestSamplesCoverAllRowsInParts(t *testing.T) {
	table := New(nil, nil)
	const all = 300
	for range all {
		table.Apply(Change{Key: table.NewKey(), Step: Created, Peer: "192.0.2.1:5"})
	}
	for key := int64(20); key < 200; key++ { // a gap wider than a block
		table.Apply(Change{Key: key, Step: Removed})
	}
	table.Apply(Change{Globals: &protocol.GlobalChanges{RowChange: protocol.RowChange{Set: protocol.Fields{{Name: "g", Value: []byte("1")}}}}})
	table.Follow()
	table.Apply(Change{Key: 7, Set: protocol.Fields{{Name: "x", Value: bytes.Repeat([]byte("1"), maxSampledBytes)}}})
	var got []string
	after := int64(0)
	for range 10 {
		s := table.Sample(after)
		if s.After != after {
			t.Errorf("after %d, want %d", s.After, after)
		}
		if (len(got) == 0) != (s.Changes.Entries == 1) {
			t.Errorf("sample %d has %d changes", len(got), s.Changes.Entries)
		}
		got = append(got, fmt.Sprint(s.Rows.Entries, " to ", s.Last, " globals ", s.Globals.Entries))
		if after = s.Last; after == math.MaxInt64 {
			break
		}
	}
	want := []string{"6 to 6 globals 0", "1 to 7 globals 0", "113 to 9223372036854775807 globals 1"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMissedRowIsTakenAgain(t *testing.T) {
	table := New(nil, nil)
	key := table.NewKey()
	table.Apply(Change{Key: key, Step: Created, Peer: "192.0.2.1:5"})
	table.Follow()
	table.Apply(Change{Key: key, Step: Missed})
	changes, _, _ := table.Take()
	if want := []byte("192.0.2.1:5"); changes.Entries != 1 || !bytes.Contains(changes.Parts[0], want) {
		t.Errorf("got %d changes %q", changes.Entries, changes.Parts)
	}
}
