package resident

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/protocol"
)

// auditState fills a worker with rows, and has it compare others.
type auditState struct {
	testState
	rows    map[int64]protocol.Fields
	compare map[int64]protocol.Fields
	found   chan *protocol.Done
}

func encodeRows(rows map[int64]protocol.Fields) (e protocol.Encoded) {
	for key, row := range rows {
		bytes, traits := protocol.AppendRow(nil, key, row)
		e.Add(1, bytes, traits)
	}
	return e
}

func (s *auditState) Fill() *protocol.Event {
	return &protocol.Event{Kind: protocol.Fill, Whole: true, Rows: encodeRows(s.rows)}
}

func (s *auditState) Audit() (*protocol.Event, func(*protocol.Done)) {
	e := &protocol.Event{Kind: protocol.Audit, Rows: encodeRows(s.compare)}
	e.Payload, _ = json.Marshal(protocol.AuditRange{After: 0, Last: 10})
	return e, func(done *protocol.Done) {
		select {
		case s.found <- done:
		default:
		}
	}
}

func row(json string) (f protocol.Fields) {
	if err := f.UnmarshalJSON([]byte(json)); err != nil {
		panic(err)
	}
	return f
}

func TestAuditFindsWhatDiffers(t *testing.T) {
	state := &auditState{found: make(chan *protocol.Done, 1),
		rows: map[int64]protocol.Fields{
			1: row(`{"same":1,"changed":[1.0,{"x":0.0}],"new":"\u00e9"}`), 2: row(`{"b":1,"a":2}`), 3: row(`{}`), 4: row(`{"x":null}`), 11: row(`{"x":1}`),
		},
		compare: map[int64]protocol.Fields{
			1: row(`{"gone":2,"same":1,"changed":[1.0,{"x":-0.0}]}`), 2: row(`{"a":2,"b":1}`), 4: row(`{"x":null}`), 5: row(`{}`),
		}}
	lane := newTestLane(t, echoApp)
	if err := lane.Start(context.Background(), state); err != nil {
		t.Fatal(err)
	}
	var done *protocol.Done
	select {
	case done = <-state.found:
	case <-time.After(patience):
		t.Fatal("no audit")
	}
	got, err := done.Audited()
	if want := (protocol.Audited{Missing: []int64{5}, Surplus: []int64{3}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	want := protocol.RowChanges{
		1: {Unset: []string{"gone"}, Set: row(`{"changed":[1.0,{"x":0.0}],"new":"é"}`)},
		2: {Unset: []string{"a", "b"}, Set: row(`{"b":1,"a":2}`)},
	}
	for _, change := range done.Rows {
		slices.Sort(change.Unset)
	}
	if !reflect.DeepEqual(done.Rows, want) {
		b, _ := json.Marshal(done.Rows)
		t.Errorf("got %s", b)
	}
}
