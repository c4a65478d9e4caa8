package control

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/config"
)

func TestPageHasTheTableOfRoles(t *testing.T) {
	page, err := os.ReadFile("../../../docs/control.md")
	if err != nil {
		t.Fatal(err)
	}
	told, want := map[config.Role][]string{}, map[config.Role][]string{}
	_, table, _ := strings.Cut(string(page), "| role | requests |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		role := config.Role(strings.Trim(cells[1], " `"))
		if role == "none" {
			role = ""
		}
		for i, quoted := range strings.Split(cells[2], "`") {
			if i%2 == 1 {
				told[role] = append(told[role], strings.ReplaceAll(quoted, "KEY", "{key}"))
			}
		}
	}
	for _, r := range new(Server).table() {
		want[r.role] = append(want[r.role], r.method+" "+r.path)
	}
	if delete(told, "---"); !maps.EqualFunc(told, want, slices.Equal) {
		t.Errorf("the page has\n%q\nwant\n%q", told, want)
	}
}

// What changes something is told in the log, and needs the role for it.
func TestActionsAreForThoseWhoOperate(t *testing.T) {
	for _, r := range new(Server).table() {
		isRead := r.method == "GET" || r.path == "/debug/pprof/"
		if isRead != (r.action == "") || !isRead && r.role != config.RoleOperate {
			t.Errorf("%s %s: role %q, action %q", r.method, r.path, r.role, r.action)
		}
	}
}
