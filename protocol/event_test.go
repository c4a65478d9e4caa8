package protocol

import (
	"encoding/json"
	"testing"
)

func TestEventAppend(t *testing.T) {
	for name, row := range map[string]struct {
		event Event
		want  string
	}{
		"own row": {
			Event{Kind: Text, Seq: 7, Client: 12, Payload: []byte("hello"), Row: []byte(`{"state":"OPEN"}`), Open: "1-12,15"},
			`{"v":1,"seq":7,"event":"text","client":12,"length":5,"row":{"state":"OPEN"},"open":"1-12,15"}` + "\nhello",
		},
		"table": {
			Event{Kind: Closing, Seq: 8, Client: 2, Table: []byte(`{"2":{}}`)},
			`{"v":1,"seq":8,"event":"close","client":2,"length":0,"table":{"2":{}}}` + "\n",
		},
		"server": {
			Event{Kind: Fifo, Seq: 9, Payload: []byte("{\"a\":\n1}"), Table: []byte(`{}`)},
			`{"v":1,"seq":9,"event":"fifo","length":8,"table":{}}` + "\n{\"a\":\n1}",
		},
		"describe": {Event{Kind: Describe, Seq: 1}, `{"v":1,"seq":1,"event":"describe","length":0,"open":""}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := row.event.AppendTo(nil)
			if string(got) != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
			if len(got) > row.event.Size() {
				t.Errorf("%d bytes, Size said %d", len(got), row.event.Size())
			}
		})
	}
}

func TestRanges(t *testing.T) {
	for want, keys := range map[string][]int64{
		"": nil, "5": {5}, "1-2": {1, 2}, "1,3": {1, 3}, "1-3,7": {1, 2, 3, 7}, "2,4-6,8-9": {2, 4, 5, 6, 8, 9},
	} {
		if got := string(AppendRanges(nil, keys)); got != want {
			t.Errorf("%v: got %q, want %q", keys, got, want)
		}
	}
}

func TestFieldsKeepOrderAndValues(t *testing.T) {
	const in = `{"b":1.0,"a":{"2":"x","1":"y"},"":"empty","5":[],"\u0000php":"Tzo="}`
	var f Fields
	if err := json.Unmarshal([]byte(in), &f); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(f)
	if err != nil || string(out) != in {
		t.Errorf("got %s, %v", out, err)
	}
	change := RowChange{Unset: []string{"b", "none"}, Set: Fields{{"5", []byte("7")}, {"b", []byte("2")}}}
	change.Apply(&f)
	out, _ = json.Marshal(f)
	if want := `{"a":{"2":"x","1":"y"},"":"empty","5":7,"\u0000php":"Tzo=","b":2}`; string(out) != want {
		t.Errorf("got  %s\nwant %s", out, want)
	}
}

func FuzzFields(f *testing.F) {
	f.Add([]byte(`{"b":1.0,"a":{"2":"x"}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var fields Fields
		if json.Unmarshal(data, &fields) != nil {
			return
		}
		out, err := json.Marshal(fields)
		if err != nil {
			t.Fatalf("%q was read, and cannot be written: %v", data, err)
		}
		var again Fields
		if err := json.Unmarshal(out, &again); err != nil || len(again) != len(fields) {
			t.Errorf("%q became %q: %v", data, out, err)
		}
	})
}
