package config

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

// The table of limits tells the defaults.
func TestSecurityPageTellsDefaults(t *testing.T) {
	page, err := os.ReadFile("../../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	cfg := Default()
	values, told := fields(&cfg), 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.Contains(cells[2], "`") {
			continue
		}
		key, value := strings.Trim(cells[1], " `"), strings.Trim(cells[2], " `")
		p, known := values[key]
		if !known {
			t.Errorf("there is no key %s", key)
			continue
		}
		if want := fmt.Sprint(reflect.ValueOf(p).Elem()); value != want {
			t.Errorf("%s is %s, not %s", key, want, value)
		}
		told++
	}
	if told < 15 {
		t.Errorf("found %d limits", told)
	}
}
