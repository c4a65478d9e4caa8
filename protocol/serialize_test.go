package protocol

import (
	"encoding/json"
	"testing"
)

func TestRowsAreWrittenAsPHPSerializes(t *testing.T) {
	for _, row := range []struct {
		json, php string
		traits    Traits
	}{
		{`{}`, `i:7;a:0:{}`, Traits{}},
		{`{"a":1,"b":-5}`, `i:7;a:2:{s:1:"a";i:1;s:1:"b";i:-5;}`, Traits{}},
		{`{"a":true,"b":false,"c":null}`, `i:7;a:3:{s:1:"a";b:1;s:1:"b";b:0;s:1:"c";N;}`, Traits{}},
		{`{"a":1.5,"b":1.0e+25,"c":1.0}`, `i:7;a:3:{s:1:"a";d:1.5;s:1:"b";d:1.0e+25;s:1:"c";d:1.0;}`, Traits{}},
		{`{"a":9223372036854775807,"b":9223372036854775808}`, `i:7;a:2:{s:1:"a";i:9223372036854775807;s:1:"b";d:9223372036854775808;}`, Traits{}},
		{`{"a":[],"b":[1,[2]],"c":{"x":{}}}`, `i:7;a:3:{s:1:"a";a:0:{}s:1:"b";a:2:{i:0;i:1;i:1;a:1:{i:0;i:2;}}s:1:"c";a:1:{s:1:"x";a:0:{}}}`, Traits{}},
		{`{"a":"ä\"\\\n\u0000\/"}`, "i:7;a:1:{s:1:\"a\";s:7:\"ä\"\\\n\x00/\";}", Traits{}},
		{` { "a" : [ 1 , 2 ] , "b" : { "x" : "y" } } `, `i:7;a:2:{s:1:"a";a:2:{i:0;i:1;i:1;i:2;}s:1:"b";a:1:{s:1:"x";s:1:"y";}}`, Traits{}},
		{`{"7":{"8":1}}`, `i:7;a:1:{s:1:"7";a:1:{s:1:"8";i:1;}}`, Traits{}},
		{`{"a":0.0}`, `i:7;a:1:{s:1:"a";d:0.0;}`, Traits{Zeros: true}},
		{`{"a":[-0.0e5]}`, `i:7;a:1:{s:1:"a";a:1:{i:0;d:-0.0e5;}}`, Traits{Zeros: true}},
		{`{"a":-0}`, `i:7;a:1:{s:1:"a";d:-0;}`, Traits{Zeros: true}},
		{`{"a":0,"b":10.0,"c":0.01}`, `i:7;a:3:{s:1:"a";i:0;s:1:"b";d:10.0;s:1:"c";d:0.01;}`, Traits{}},
		{`{"a":{"\u0000php":"x"}}`, "i:7;a:1:{s:1:\"a\";a:1:{s:4:\"\x00php\";s:1:\"x\";}}", Traits{Tagged: true}},
		{`{"\u0000b64:/w==":1}`, "i:7;a:1:{s:9:\"\x00b64:/w==\";i:1;}", Traits{Tagged: true}},
	} {
		var f Fields
		if err := json.Unmarshal([]byte(row.json), &f); err != nil {
			t.Fatalf("%s: %v", row.json, err)
		}
		got, traits := AppendRow(nil, 7, f)
		if string(got) != row.php || traits != row.traits {
			t.Errorf("%s: got %q %+v, want %q %+v", row.json, got, traits, row.php, row.traits)
		}
	}
}

func FuzzSerialize(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"\u00e4"},-0.0e-7,true,null]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		var fields Fields
		if json.Unmarshal(doc, &fields) != nil {
			return
		}
		out, _ := AppendFields(nil, fields)
		if rest, ok := skipPHP(append(appendArrayHead(nil, len(fields)), append(out, '}')...)); !ok || len(rest) > 0 {
			t.Errorf("%q became %q", doc, out)
		}
	})
}

// skipPHP checks the form of one serialized value and returns what follows it.
func skipPHP(b []byte) (rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, false
	}
	kind := b[0]
	if kind == 'N' {
		return b[2:], b[1] == ';'
	}
	b = b[2:]
	end := 0
	for end < len(b) && b[end] != ';' && b[end] != ':' {
		end++
	}
	if end == len(b) {
		return nil, false
	}
	if kind == 'i' || kind == 'd' || kind == 'b' {
		return b[end+1:], end > 0
	}
	var n int
	if json.Unmarshal(b[:end], &n) != nil {
		return nil, false
	}
	b = b[end+1:]
	if kind == 's' {
		if len(b) < n+3 || b[0] != '"' || b[n+1] != '"' || b[n+2] != ';' {
			return nil, false
		}
		return b[n+3:], true
	}
	for b = b[1:]; n > 0; n-- {
		for range 2 {
			if b, ok = skipPHP(b); !ok {
				return nil, false
			}
		}
	}
	return b[1:], b[0] == '}'
}
