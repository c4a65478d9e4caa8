package rows

import (
	"testing"

	"github.com/wsbridge/wsbridge/protocol"
)

func TestConditions(t *testing.T) {
	row := protocol.Fields{{Name: "login", Value: []byte(`"anna"`)}, {Name: "age", Value: []byte("42")}, {Name: "in", Value: []byte("true")},
		{Name: "note", Value: []byte(`"a\u00e4\"b"`)}, {Name: "none", Value: []byte("null")}, {Name: "list", Value: []byte("[]")}}
	for _, tt := range []struct {
		c    Condition
		fits bool
	}{
		{Condition{"login", "anna", false}, true},
		{Condition{"login", "ann", false}, false},
		{Condition{"login", "ann", true}, true},
		{Condition{"login", "", true}, true},
		{Condition{"age", "42", false}, true},
		{Condition{"in", "true", false}, true},
		{Condition{"note", `aä"b`, false}, true},
		{Condition{"none", "", false}, true},
		{Condition{"missing", "", false}, true},
		{Condition{"missing", "x", false}, false},
		{Condition{"login", "", false}, false},
		{Condition{"list", "", false}, false},
		{Condition{"list", "", true}, false},
	} {
		if got := (Filter{tt.c}).matches(row); got != tt.fits {
			t.Errorf("%+v: got %v", tt.c, got)
		}
	}
}
