package protocol

import (
	"encoding/json"
	"reflect"
	"testing"
)

func fastLines() []string {
	return []string{
		`{"seq":7,"send":{"to":[12],"length":5}}`,
		`{"seq":7,"send":{"to":[12,15,16],"binary":true,"length":0}}`,
		`{"seq":123456789012345678,"send":{"to":"open","length":16777216}}`,
		`{"seq":7,"done":{"code":"9f0a"}}`,
		`{"seq":7,"done":{"code":"9f0a+","took":0.000204}}`,
		`{"seq":7,"done":{"code":"","took":12.5}}`,
		`{"seq":7,"done":{"result":true,"code":"","took":0.000012}}`,
	}
}

func TestFastPathReadsWhatPHPWritesMostly(t *testing.T) {
	d := NewAnswerDecoder(token, 1<<20)
	for _, line := range fastLines() {
		if d.fast([]byte(line)) == nil {
			t.Errorf("left to json: %s", line)
		}
	}
}

func TestFastPathLeavesTheRestToJSON(t *testing.T) {
	d := NewAnswerDecoder(token, 1<<20)
	for _, line := range []string{
		``, `{`, `{"seq":07,"done":{"code":"9f"}}`, `{"seq":-7,"done":{"code":"9f"}}`, `{"seq":1234567890123456789012,"done":{"code":"9f"}}`,
		`{"seq":7,"done":{"result":false,"code":"9f"}}`, `{"seq":7,"done":{"code":"9\u0066"}}`, `{"seq":7,"done":{"code":"9f","took":1e3}}`,
		`{"seq":7,"done":{"code":"9f","took":.5}}`, `{"seq":7,"done":{"code":"9f","took":5.}}`, `{"seq":7,"done":{"code":"9f","took":00.5}}`,
		`{"seq":7,"done":{"code":"9f","took":0.123456789012345}}`, `{"seq":7,"done":{"code":"9f","took":1234567890123456}}`,
		`{"seq":7,"done":{"code":"9f"}} `, `{"seq":7,"send":{"to":[],"length":5}}`, `{"seq":7,"send":{"to":[12],"length":5,"binary":true}}`,
		`{"seq":7,"send":{"to":[1 ],"length":5}}`, `{"seq":7,"done":{"code":"9f"}}}`,
	} {
		if e := d.fast([]byte(line)); e != nil {
			t.Errorf("%s was read as %+v", line, e)
		}
	}
}

// FuzzFastPath holds it to encoding/json.
func FuzzFastPath(f *testing.F) {
	for _, line := range fastLines() {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e := NewAnswerDecoder(token, 1<<20).fast(line)
		if e == nil {
			return
		}
		var want Effect
		if err := json.Unmarshal(line, &want); err != nil || !reflect.DeepEqual(*e, want) {
			t.Errorf("%q: fast %+v, json %+v, %v", line, *e, want, err)
		}
	})
}

func TestDecoderCanBeUsedAgain(t *testing.T) {
	d := NewAnswerDecoder(token, 1<<20)
	var seen []string
	apply := func(e *Effect) error { seen = append(seen, show(e)); return nil }
	if err := d.Feed([]byte(token+` {"seq":1,"send":{"to":[1],"length":50}}`+"\ncut o"), apply); err != nil {
		t.Fatal(err)
	}
	d.Reset(token)
	if err := d.Feed([]byte(token+` {"seq":2,"done":{"code":"9f"}}`+"\n"), apply); err != nil {
		t.Fatal(err)
	}
	if err := d.Finish(apply); err != nil || len(seen) != 1 {
		t.Errorf("got %q, %v", seen, err)
	}
}
