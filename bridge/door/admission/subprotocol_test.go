package admission

import (
	"errors"
	"slices"
	"testing"
)

func TestOfferedSubprotocols(t *testing.T) {
	for name, row := range map[string]struct {
		lines, want []string
	}{
		"none":                {nil, nil},
		"an empty header":     {[]string{""}, nil},
		"empty elements only": {[]string{",", " "}, nil},
		"one":                 {[]string{"chat"}, []string{"chat"}},
		"a list":              {[]string{"v2.chat, v1.chat ,\tx"}, []string{"v2.chat", "v1.chat", "x"}},
		"two lines":           {[]string{"a,b", "c"}, []string{"a", "b", "c"}},
		"empty elements":      {[]string{",a,,b,"}, []string{"a", "b"}},
		"case matters":        {[]string{"a,A"}, []string{"a", "A"}},
		"as tokens may be":    {[]string{"!#$%&'*+-.^_`|~09"}, []string{"!#$%&'*+-.^_`|~09"}},
	} {
		if got, err := offeredSubprotocols(row.lines); err != nil || !slices.Equal(got, row.want) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for _, bad := range []string{"a b", `"a"`, "a;b", "a/b", "é", "a,a", "a\x00", "[a]"} {
		if got, err := offeredSubprotocols([]string{bad}); !errors.Is(err, errSubprotocols) {
			t.Errorf("%q: got %q, %v", bad, got, err)
		}
	}
}

func TestTheServersFirstSubprotocolIsChosen(t *testing.T) {
	spoken := []string{"v2", "v1"}
	for _, row := range []struct {
		lines []string
		want  string
	}{{nil, ""}, {[]string{"v1"}, "v1"}, {[]string{"v1", "v2"}, "v2"}, {[]string{"V2"}, ""}, {[]string{"v3, v1"}, "v1"}} {
		if got, err := ChooseSubprotocol(spoken, row.lines); err != nil || got != row.want {
			t.Errorf("%q: got %q, %v", row.lines, got, err)
		}
	}
	if _, err := ChooseSubprotocol(spoken, []string{"v1 v2"}); err != errSubprotocols {
		t.Errorf("a malformed list: got %v", err)
	}
	if err := CheckSubprotocols(spoken); err != nil {
		t.Error(err)
	}
	for _, bad := range [][]string{{""}, {"a b"}, {"a", "a"}, {"a,b"}} {
		if CheckSubprotocols(bad) == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func FuzzOfferedSubprotocols(f *testing.F) {
	f.Add("a, b", "c")
	f.Fuzz(func(t *testing.T, first, second string) {
		offered, err := offeredSubprotocols([]string{first, second})
		if err != nil {
			return
		}
		for i, o := range offered {
			if !isToken(o) || slices.Contains(offered[:i], o) {
				t.Errorf("%q, %q: got %q", first, second, offered)
			}
		}
	})
}
