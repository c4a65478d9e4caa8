package observe

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
	"github.com/wsbridge/wsbridge/tests/harness/browser"
)

// checkedHandlers returns the table of handlers that wsbridge check prints, with its title as the first row.
func checkedHandlers(s *harness.Server) (rows [][]string) {
	s.T.Helper()
	args := s.Arguments(harness.App{TOML: "\n"})
	args[0] = "check"
	out, _ := exec.Command(harness.Program(), args...).Output() // it exits with 1 if there are warnings
	_, table, found := strings.Cut(string(out), "\nHandlers, ")
	if !found {
		s.T.Fatalf("no handlers in %s", out)
	}
	table, _, _ = strings.Cut("Handlers, "+table, "\n\n")
	gap := regexp.MustCompile(` {2,}`)
	for line := range strings.Lines(table) {
		rows = append(rows, gap.Split(strings.TrimSpace(line), -1))
	}
	return rows
}

// The table of handlers is the one of wsbridge check, in each way of running them.
func dashboardShowsHandlersAsCheckDoes(t *testing.T, b *browser.Browser) {
	for name, more := range map[string]string{
		"resident workers": "[php]\nresident = \"on\"\n", "requests": "[php]\nresident = \"off\"\n",
		"connection": "[php]\nresident = \"on\"\n[isolation]\nmode = \"connection\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, address := watched(t, more)
			want := checkedHandlers(s)
			if len(want) != 4 {
				t.Fatalf("check has %q", want)
			}
			c := s.Connect()
			p := b.Open(t, withToken(address))
			const table = `[[document.querySelector(".handlers h2").textContent],
				...[...document.querySelectorAll("#handlers tr")].map(row => [...row.cells].map(cell => cell.innerText))]`
			var got [][]string
			harness.Eventually(t, "the tables are the same", func() bool {
				c.Ask("hello") // code that is new runs alone until events have made the program certain that this code runs
				got = browser.Value[[][]string](p, table)
				return slices.EqualFunc(got, want, slices.Equal)
			})
		})
	}
}
