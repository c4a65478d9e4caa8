package control

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestReadableValuesAreCut(t *testing.T) {
	long := `"` + strings.Repeat("ä", 10) + `"`
	for _, row := range []struct {
		value string
		limit int
		want  string
	}{
		{long, 0, long},
		{long, 100, long},
		{long, 5, `{"text":"ää","cut_bytes":16}`},
		{`[1,2,3,4]`, 4, `{"text":"[1,2","cut_bytes":5}`},
		{`{"\u0000php":"czo0OiL//v38Ijs="}`, 8, `{"text":"{\"base64","cut_bytes":13}`},
	} {
		got := readable("\x00b64:/w==", json.RawMessage(row.value), row.limit)
		if string(got.Value) != row.want || !json.Valid(got.Value) || got.Name != "base64:/w==" {
			t.Errorf("%s: got %s: %s, want %s", row.value, got.Name, got.Value, row.want)
		}
	}
}
