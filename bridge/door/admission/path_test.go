package admission

import (
	"errors"
	"testing"
)

func TestPaths(t *testing.T) {
	ps, err := ParsePaths([]string{"/ws", "/chat/"})
	if err != nil {
		t.Fatal(err)
	}
	for p, allowed := range map[string]bool{
		"/ws": true, "/chat/": true, "/chat/room": true, "/chat/a/b": true,
		"/ws/": false, "/wsx": false, "/chat": false, "/": false, "": false, "/WS": false,
		"/chat/../admin": false, "/chat/./a": false, "/chat//a": false, "//chat/": false, "/chat/..": false,
	} {
		if ps.Allow(p) != allowed {
			t.Errorf("%q: allowed is %v", p, !allowed)
		}
	}
	if !(Paths{}).Allow("/any/../where") {
		t.Error("no path is allowed though none is named")
	}
	for _, p := range []string{"", "ws", "/a/../b", "//", "/a//b", "/a?b", "/a#b", "/a\n"} {
		_, err := ParsePaths([]string{p})
		if bad, ok := errors.AsType[*PatternError](err); !ok || bad.Value != p {
			t.Errorf("%q: got %v", p, err)
		}
	}
}
