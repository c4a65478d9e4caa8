package phpvalue

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// serialized is an array with the single entry "k".
func serialized(value string) (string, Traits) {
	b, traits := AppendEntry(AppendArrayHead(nil, 1), "k", json.RawMessage(value))
	return string(b) + ArrayEnd, traits
}

func TestValuesAreWrittenAsPHPSerializes(t *testing.T) {
	for _, row := range []struct {
		json, php string
		traits    Traits
	}{
		{`{}`, `a:0:{}`, Traits{}},
		{`-5`, `i:-5;`, Traits{}},
		{`[true,false,null]`, `a:3:{i:0;b:1;i:1;b:0;i:2;N;}`, Traits{}},
		{`[1.5,1.0e+25,1.0]`, `a:3:{i:0;d:1.5;i:1;d:1.0e+25;i:2;d:1.0;}`, Traits{}},
		{`[9223372036854775807,9223372036854775808]`, `a:2:{i:0;i:9223372036854775807;i:1;d:9223372036854775808;}`, Traits{}},
		{`{"a":[],"b":[1,[2]],"c":{"x":{}}}`, `a:3:{s:1:"a";a:0:{}s:1:"b";a:2:{i:0;i:1;i:1;a:1:{i:0;i:2;}}s:1:"c";a:1:{s:1:"x";a:0:{}}}`, Traits{}},
		{`"ä\"\\\n\u0000\/"`, "s:7:\"ä\"\\\n\x00/\";", Traits{}},
		{` { "a" : [ 1 , 2 ] , "b" : { "x" : "y" } } `, `a:2:{s:1:"a";a:2:{i:0;i:1;i:1;i:2;}s:1:"b";a:1:{s:1:"x";s:1:"y";}}`, Traits{}},
		{`{"7":{"8":1}}`, `a:1:{s:1:"7";a:1:{s:1:"8";i:1;}}`, Traits{}},
		{`0.0`, `d:0.0;`, Traits{Zeros: true}},
		{`[-0.0e5]`, `a:1:{i:0;d:-0.0e5;}`, Traits{Zeros: true}},
		{`-0`, `d:-0;`, Traits{Zeros: true}},
		{`[0,10.0,0.01]`, `a:3:{i:0;i:0;i:1;d:10.0;i:2;d:0.01;}`, Traits{}},
		{`{"\u0000php":"x"}`, "a:1:{s:4:\"\x00php\";s:1:\"x\";}", Traits{Tagged: true}},
	} {
		got, traits := serialized(row.json)
		if want := `a:1:{s:1:"k";` + row.php + `}`; got != want || traits != row.traits {
			t.Errorf("%s: got %q %+v, want %q %+v", row.json, got, traits, want, row.traits)
		}
	}
	if _, traits := AppendEntry(nil, "\x00b64:/w==", []byte("1")); traits != (Traits{Tagged: true}) {
		t.Errorf("a tagged name: got %+v", traits)
	}
}

func TestUnserialize(t *testing.T) {
	for text, want := range map[string]string{
		`N;`:                                    `null`,
		`b:1;`:                                  `true`,
		`b:0;`:                                  `false`,
		`i:-7;`:                                 `-7`,
		`d:0.5;`:                                `0.5`,
		`d:1.0E+25;`:                            `1.0E+25`,
		`d:INF;`:                                `"INF"`,
		`d:-INF;`:                               `"-INF"`,
		`s:4:"a"b;";`:                           `"a\"b;"`,
		"s:2:\"\xff\xfe\";":                     `{"base64":"//4="}`,
		`a:0:{}`:                                `[]`,
		`a:2:{i:0;i:1;i:1;s:1:"x";}`:            `[1,"x"]`,
		`a:2:{i:1;i:1;i:0;i:2;}`:                `{"1":1,"0":2}`,
		`a:1:{s:1:"k";a:1:{i:0;N;}}`:            `{"k":[null]}`,
		`O:3:"Cat":1:{s:4:"name";i:1;}`:         `{"__class":"Cat","name":1}`,
		"O:1:\"A\":1:{s:4:\"\x00A\x00p\";i:1;}": `{"__class":"A","p":1}`,
		"O:1:\"A\":1:{s:4:\"\x00*\x00p\";i:1;}": `{"__class":"A","p":1}`,
		`a:2:{i:0;O:1:"A":0:{}i:1;r:2;}`:        `[{"__class":"A"},{"reference":2}]`,
		`E:7:"Suit:Up";`:                        `"Suit:Up"`,
		`C:3:"Old":3:{x;y}`:                     `{"__class":"Old"}`,
	} {
		if got, err := unserialize([]byte(text)); err != nil || string(got) != want || !json.Valid(got) {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
}

func TestUnserializeRefusesAnythingElse(t *testing.T) {
	for _, text := range []string{
		"", "x", "i", "i:", "i:1", "b:2;", "s:5:\"abc\";", "s:-1:\"\";", "s:99999999999999999999:\"\";", "a:1:{", "a:1:{i:0;}",
		"a:1000000000:{}", "a:1:{i:0;i:1;", "a:1:{d:1;i:1;}", "O:1:\"A\":1:{}", "C:1:\"A\":9:{}", "i:1;i:2;", "s:3:\"abc\"x", "r:x;",
		strings.Repeat("a:1:{i:0;", 600) + "N;" + strings.Repeat("}", 600),
	} {
		if got, err := unserialize([]byte(text)); err == nil {
			t.Errorf("%.40q: got %s", text, got)
		}
	}
}

func TestReadable(t *testing.T) {
	tagged := func(text string) string {
		return `{"\u0000php":"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"}`
	}
	for value, want := range map[string]string{
		`{"a":1}`:            `{"a":1}`,
		tagged("d:INF;"):     `"INF"`,
		tagged("broken"):     `{"serialized":"YnJva2Vu"}`,
		`{"\u0000php":7}`:    `{"\u0000php":7}`,
		`{"a":"\u0000php"}`:  `{"a":"\u0000php"}`,
		`{"\u0000php":"!!"}`: `{"\u0000php":"!!"}`,
	} {
		if got := Readable(json.RawMessage(value)); string(got) != want || !json.Valid(got) {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
	}
	for name, want := range map[string]string{"\x00b64:/w==": "base64:/w==", "b64:": "b64:", "": ""} {
		if got := ReadableName(name); got != want {
			t.Errorf("%q: got %s", name, got)
		}
	}
}

// TestGoldenValues reads what PHP itself has written, and what both sides agree is sent to it.
func TestGoldenValues(t *testing.T) {
	answer, err := os.ReadFile(filepath.Join("..", "testdata", "answer-values.txt"))
	if err != nil {
		t.Fatal(err)
	}
	tagged := regexp.MustCompile(`\{"\\u0000php":"[^"]*"\}`).FindAll(answer, -1)
	if len(tagged) == 0 {
		t.Fatal("no tagged value in PHP's answer")
	}
	for _, value := range tagged {
		if got := Readable(value); !json.Valid(got) || bytes.Contains(got, []byte("serialized")) {
			t.Errorf("%s: got %s", value, got)
		}
	}
	request, err := os.ReadFile(filepath.Join("..", "testdata", "request-values.txt"))
	if err != nil {
		t.Fatal(err)
	}
	_, rows, _ := bytes.Cut(request, []byte("\n"))
	rows = bytes.TrimSuffix(rows, []byte("values")) // the payload
	got, err := unserialize(rows)
	if want := `{"12":{"state":"OPEN","float":1.0,"binary":{"\u0000php":"czoxOiL/Ijs="},"map":{"7":"a","3":[]}}}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// FuzzRoundTrip writes any JSON as PHP would, and reads it back.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"\u00e4"},-0.0e-7,true,null],"7":{},"":"<"}`))
	f.Add([]byte(`[[],[0,"\ud800"],{"x":"\n\/"}]`))
	f.Fuzz(func(t *testing.T, value []byte) {
		var want any
		if decode(value, &want) != nil || depth(value) > maxDepth-2 || !utf8.Valid(value) || bytes.Contains(value, []byte(`u0000`)) {
			return // null bytes in names mark properties
		}
		text, _ := serialized(string(value))
		read, err := unserialize([]byte(text))
		var got map[string]any
		if err != nil || decode(read, &got) != nil {
			t.Fatalf("%q became %q, which reads as %s: %v", value, text, read, err)
		}
		if want = normal(want); !reflect.DeepEqual(got["k"], want) {
			t.Errorf("%q became %q, which reads as %s", value, text, read)
		}
	})
}

// decode keeps the text of numbers.
func decode(data []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(to); err != nil {
		return err
	}
	if !json.Valid(data) {
		return errSerialized
	}
	return nil
}

func depth(data []byte) int { return bytes.Count(data, []byte("[")) + bytes.Count(data, []byte("{")) }

// normal returns a value as it looks after PHP has had it: an empty object is an empty array.
func normal(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = normal(v[i])
		}
	case map[string]any:
		if len(v) == 0 {
			return []any{}
		}
		for name, member := range v {
			v[name] = normal(member)
		}
	}
	return value
}

// FuzzUnserialize checks that whatever a row holds is shown as JSON.
func FuzzUnserialize(f *testing.F) {
	f.Add([]byte(`a:1:{s:1:"k";O:1:"A":1:{s:1:"p";d:INF;}}`))
	f.Add([]byte("a:2:{i:0;s:1:\"\xff\";i:1;E:1:\"x\";}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, err := unserialize(text); err == nil && !json.Valid(got) {
			t.Errorf("%q: got %s", text, got)
		}
	})
}
