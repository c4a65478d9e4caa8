package control

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

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
		"a:1000000000:{}", "a:1:{i:0;i:1;", "a:1:{d:1;i:1;}", "O:1:\"A\":1:{}", "C:1:\"A\":9:{}", "i:1;i:2;", "s:3:\"abc\"x",
		strings.Repeat("a:1:{i:0;", 600) + "N;" + strings.Repeat("}", 600),
	} {
		if got, err := unserialize([]byte(text)); err == nil {
			t.Errorf("%.40q: got %s", text, got)
		}
	}
}

// Whatever a row holds, what is shown of it is JSON.
func FuzzUnserialize(f *testing.F) {
	f.Add([]byte(`a:1:{s:1:"k";O:1:"A":1:{s:1:"p";d:INF;}}`))
	f.Add([]byte("a:2:{i:0;s:1:\"\xff\";i:1;E:1:\"x\";}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, err := unserialize(text); err == nil && !json.Valid(got) {
			t.Errorf("%q: got %s", text, got)
		}
	})
}

func TestPlainValues(t *testing.T) {
	tagged := func(text string) string {
		return `{"\u0000php":"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"}`
	}
	long := strings.Repeat("ä", 10)
	for _, row := range []struct {
		value string
		limit int
		want  string
	}{
		{`{"a":1}`, 0, `{"a":1}`},
		{tagged("d:INF;"), 0, `"INF"`},
		{tagged("broken"), 0, `{"serialized":"YnJva2Vu"}`},
		{`{"\u0000php":7}`, 0, `{"\u0000php":7}`},
		{`"` + long + `"`, 100, `"` + long + `"`},
		{`"` + long + `"`, 5, `{"text":"ää","cut_bytes":16}`},
		{`[1,2,3,4]`, 4, `{"text":"[1,2","cut_bytes":5}`},
		{tagged("s:4:\"\xff\xfe\xfd\xfc\";"), 8, `{"text":"{\"base64","cut_bytes":13}`},
	} {
		if got := plain(json.RawMessage(row.value), row.limit); string(got) != row.want || !json.Valid(got) {
			t.Errorf("%s: got %s, want %s", row.value, got, row.want)
		}
	}
	if got := plainName("\x00b64:/w=="); got != "base64:/w==" {
		t.Errorf("got %s", got)
	}
}
