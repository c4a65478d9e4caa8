package protocol

import (
	"encoding/json"
	"testing"
)

func fieldsOf(doc string) (f Fields) {
	if err := json.Unmarshal([]byte(doc), &f); err != nil {
		panic(err) // the test's own text
	}
	return f
}

// rowsOf is the row of one client.
func rowsOf(key int64, doc string) (e Encoded) {
	part, traits := AppendRow(nil, key, fieldsOf(doc))
	e.Add(1, part, traits)
	return e
}

func valuesOf(doc string) (e Encoded) {
	f := fieldsOf(doc)
	part, traits := AppendFields(nil, f)
	e.Add(len(f), part, traits)
	return e
}

func TestEventAppend(t *testing.T) {
	open := "1-12,15"
	for name, row := range map[string]struct {
		event Event
		want  string
	}{
		"own row": {
			Event{Kind: Text, Seq: 7, Client: 12, Payload: []byte("hello"), Code: "9f", Rows: rowsOf(12, `{"state":"OPEN"}`), Open: &open},
			`{"v":1,"seq":7,"event":"text","client":12,"code":"9f","open":"1-12,15","rows":40,"length":5}` + "\n" +
				`a:1:{i:12;a:1:{s:5:"state";s:4:"OPEN";}}hello`,
		},
		"table": {
			Event{Kind: Closing, Seq: 8, Client: 2, Whole: true, Sockets: true, Rows: rowsOf(2, `{"a":{"\u0000php":"x"}}`)},
			`{"v":1,"seq":8,"event":"close","client":2,"whole":true,"sockets":true,"tagged":true,"rows":49,"length":0}` + "\n" +
				"a:1:{i:2;a:1:{s:1:\"a\";a:1:{s:4:\"\x00php\";s:1:\"x\";}}}",
		},
		"server": {
			Event{Kind: Fifo, Seq: 9, Payload: []byte("{\"a\":\n1}"), Whole: true},
			`{"v":1,"seq":9,"event":"fifo","whole":true,"rows":6,"length":8}` + "\na:0:{}{\"a\":\n1}",
		},
		"globals": {
			Event{Kind: Loop, Seq: 9, Globals: []string{"n", "ä"}, AnyGlobal: true, Values: valuesOf(`{"n":0.0}`)},
			`{"v":1,"seq":9,"event":"loop","any_global":true,"zeros":true,"globals":["n","ä"],"values":20,"length":0}` + "\n" +
				`a:1:{s:1:"n";d:0.0;}`,
		},
		"open after authenticate": {
			Event{Kind: Open, Seq: 9, Client: 2, Own: true, After: true, Else: &Event{Kind: Closing, Sockets: true, Globals: []string{"n"}}},
			`{"v":1,"seq":9,"event":"open","client":2,"own":true,"after":true,"else":{"event":"close","sockets":true,"globals":["n"]},"length":0}` +
				"\n",
		},
		"trace": {
			Event{Kind: Text, Seq: 9, Client: 2, Trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
			`{"v":1,"seq":9,"event":"text","client":2,"trace":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","length":0}` + "\n",
		},
		"describe": {Event{Kind: Describe, Seq: 1}, `{"v":1,"seq":1,"event":"describe","length":0}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := row.event.AppendTo(nil)
			if string(got) != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
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
