package serve

import (
	"errors"
	"testing"
)

func TestWhoWouldTakeTheEndForTheEndOfTheService(t *testing.T) {
	for name, row := range map[string]struct {
		v    supervision
		want error
	}{
		"nobody":                        {supervision{}, nil},
		"somebody who is told anything": {supervision{isNotified: true}, nil},
		"a container":                   {supervision{isFirst: true, isNotified: true}, errFirst},
		"an init":                       {supervision{ofFirst: true}, errOfFirst},
		"an init that passes a socket":  {supervision{ofFirst: true, isNotified: true}, errOfFirst},
		"a unit":                        {supervision{ofUnit: true}, errOfUnit},
		"a unit with Type=notify":       {supervision{ofUnit: true, isNotified: true}, nil},
	} {
		if got := row.v.refusal(); !errors.Is(got, row.want) {
			t.Errorf("%s: got %v, want %v", name, got, row.want)
		}
	}
}
