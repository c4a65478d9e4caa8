// Package tests checks what each package of this module may import. Its subfolders test the real program.
package tests

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/wsbridge/wsbridge/"

// rule lists what a package may import in addition to the standard library, as patterns of go list: paths of this
// module, or of others. Its folder may be a pattern, too.
type rule struct {
	folder string
	may    []string
	why    string
}

// importRules has a line for each package, so that a new one needs a decision. A room of bridge, fastcgi or protocol
// imports neither its sisters nor the package above it, which joins them; bridge/outcome has the words that all rooms
// of bridge share, and fastcgi and its rooms share fastcgi/exits.
func importRules() []rule {
	const (
		outcome, websocket = "bridge/outcome", "github.com/gorilla/websocket"
		exits              = "fastcgi/exits"
		unix, rate         = "golang.org/x/sys/unix", "golang.org/x/time/rate"
		api                = "cmd/wsbridge/control/api"
	)
	return []rule{
		{"protocol", []string{"protocol/phpvalue"},
			"the contract is data, for both sides of it and for tests to read without a server"},
		{"protocol/phpvalue", nil, "it knows PHP's values, and no contract"},

		{"bridge", []string{"protocol", "bridge/...", websocket},
			"it declares the interface it asks for answers, so that it can be tested without php-fpm"},
		{"bridge/socket", []string{outcome, websocket, unix, rate}, "it is one connection, and knows of no rows, events or others"},
		{"bridge/door", []string{outcome, "bridge/door/admission", "github.com/pires/go-proxyproto", unix, rate},
			"it ends where a connection becomes a client"},
		{"bridge/door/admission", nil, "it decides by headers and addresses, and holds no connection"},
		{"bridge/rows", []string{"protocol"}, "it is the table of rows, and knows no connections"},
		{"bridge/schedule", []string{outcome}, "it runs functions in order, and knows no event"},
		{"bridge/isolation", []string{"protocol"}, "the check command asks it, too, without a server"},
		{"bridge/observe", []string{"protocol", outcome}, "it is told what happens, and has no part in it"},
		{"bridge/outcome", []string{"protocol"}, "it is words and codes"},
		{"bridge/cluster", []string{"github.com/redis/rueidis", unix}, "it joins machines, and what they tell each other means nothing to it"},
		{"bridge/journal", []string{"protocol", "github.com/cockroachdb/pebble/v2/...", unix}, "it keeps what it is told, and knows no clients or events"},

		{"fastcgi", []string{"protocol", exits, "github.com/yookoala/gofast", unix}, "it answers events, and knows of no clients"},
		{"fastcgi/exits", []string{unix}, "it watches processes, whatever they are"},
		{"fastcgi/phpfpm", []string{unix}, "it runs a php-fpm, and speaks no FastCGI"},
		{"fastcgi/resident", []string{"protocol", exits, unix}, "it runs events in workers, and is given what starts them"},
		{"fifo", []string{unix}, "a pipe and its documents mean nothing to it; its user passes a function"},
		{"deploy", nil, "the files in it are only embedded"},
		{"php-handlers", nil, "the PHP half is only embedded here"},

		{"cmd/wsbridge", []string{module + "...", "github.com/spf13/cobra", "github.com/spf13/pflag"}, "it is the commands"},
		{"cmd/wsbridge/serve", []string{module + "...", "github.com/coreos/go-systemd/...", "golang.org/x/crypto/acme/..."}, "it joins bridge, fastcgi and fifo"},
		{"cmd/wsbridge/check", []string{"protocol", "bridge/isolation", "cmd/wsbridge/config", "cmd/wsbridge/terminal"},
			"it reads an application, and serves nobody"},
		{"cmd/wsbridge/config", []string{"protocol", "bridge/door", "bridge/door/admission", "bridge/isolation", "deploy", "fastcgi", "github.com/BurntSushi/toml"},
			"it reads and checks values, and starts nothing"},
		{"cmd/wsbridge/control", []string{"protocol/...", "bridge", "bridge/isolation", "bridge/observe", "bridge/rows", "fastcgi", api, "cmd/wsbridge/config",
			"cmd/wsbridge/timing", unix},
			"it answers operators"},
		{api, []string{"protocol"}, "it is what clients of the control API need"},
		{"cmd/wsbridge/control/dashboard", nil, "the files in it are only embedded"},
		{"cmd/wsbridge/operate", []string{api, "cmd/wsbridge/config", "cmd/wsbridge/terminal", "github.com/spf13/cobra"},
			"it is a client of the control API, as any other"},
		{"cmd/wsbridge/handover", []string{unix}, "it carries messages and open files, whatever they mean"},
		{"cmd/wsbridge/logs", []string{"cmd/wsbridge/config", "cmd/wsbridge/terminal"}, "what is logged means nothing to it"},
		{"cmd/wsbridge/metrics", []string{"protocol", "bridge", "bridge/observe", outcome, "fastcgi", "fastcgi/resident", "fifo", "cmd/wsbridge/timing",
			"github.com/prometheus/client_golang/..."}, "it counts for Prometheus"},
		{"cmd/wsbridge/traces", []string{"protocol", "bridge/observe", "go.opentelemetry.io/otel/...", "github.com/go-logr/logr"},
			"it is all that knows OpenTelemetry"},
		{"cmd/wsbridge/timing", []string{"bridge/observe", "github.com/prometheus/client_golang/prometheus"},
			"it counts for metrics and control"},
		{"cmd/wsbridge/terminal", []string{"github.com/rivo/uniseg", "golang.org/x/term"},
			"it knows terminals, and nothing of wsbridge"},

		{"tests/...", []string{module + "...", "github.com/...", unix}, "they use everything"},
	}
}

// goPackage is what go list says of a package. Test files are free to import more.
type goPackage struct {
	ImportPath string
	Imports    []string
}

// violations lists the imports that no rule allows, and the packages without a rule.
func violations(packages []goPackage, rules []rule) []string {
	var found []string
	for _, p := range packages {
		i := slices.IndexFunc(rules, func(r rule) bool { return matches(r.folder, p.ImportPath) })
		if i < 0 {
			found = append(found, fmt.Sprintf("%s: there is no rule for it", p.ImportPath))
			continue
		}
		for _, path := range p.Imports {
			if !rules[i].allows(path) {
				found = append(found, fmt.Sprintf("%s imports %s: %s", p.ImportPath, path, rules[i].why))
			}
		}
	}
	return found
}

func (r rule) allows(path string) bool {
	host, _, _ := strings.Cut(path, "/")
	isStandard := !strings.Contains(host, ".")
	return isStandard || slices.ContainsFunc(r.may, func(pattern string) bool { return matches(pattern, path) })
}

// matches reports whether a path matches a pattern, in which "x/..." is x and all below it.
func matches(pattern, path string) bool {
	if host, _, _ := strings.Cut(pattern, "/"); !strings.Contains(host, ".") {
		pattern = module + pattern
	}
	folder, all := strings.CutSuffix(pattern, "/...")
	return path == folder || all && strings.HasPrefix(path, folder+"/")
}

func TestImportRules(t *testing.T) {
	packages := listPackages(t)
	for _, v := range violations(packages, importRules()) {
		t.Error(v)
	}
	for _, folder := range []string{"cmd/wsbridge", "protocol"} {
		if !slices.ContainsFunc(packages, func(p goPackage) bool { return p.ImportPath == module+folder }) {
			t.Errorf("go list does not know %s", folder)
		}
	}
}

func TestImportRulesNotice(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		allowed  bool
	}{
		{"bridge", module + "protocol", true},
		{"bridge", module + "bridge/rows", true},
		{"bridge", "net/http", true},
		{"bridge", module + "fastcgi", false},
		{"bridge", module + "bridges", false},
		{"bridge", "github.com/yookoala/gofast", false},
		{"bridge/rows", module + "bridge", false},        // the package above
		{"bridge/rows", module + "bridge/socket", false}, // a sister
		{"bridge/journal", "github.com/cockroachdb/pebble/v2/vfs", true},
		{"bridge", "github.com/cockroachdb/pebble/v2", false},
		{"bridge/socket", module + "bridge/outcome", true}, // the one exception
		{"bridge/schedule", module + "protocol", false},    // others may
		{"bridge/isolation", "github.com/gorilla/websocket", false},
		{"bridge/door", module + "bridge/door/admission", true},
		{"bridge/door/admission", module + "bridge/door", false},
		{"bridge/attic", "fmt", false}, // a room without a rule
		{"protocol/phpvalue", module + "protocol", false},
		{"fastcgi/phpfpm", module + "bridge", false},
		{"fastcgi/phpfpm", module + "fastcgi", false},
		{"fastcgi", "github.com/yookoala/gofast", true},
		{"protocol", "encoding/json", true},
		{"protocol", "golang.org/x/text", false},
		{"fifo", module + "protocol", false},
		{"php-handlers", module + "cmd/wsbridge", false},
		{"cmd/wsbridge", "github.com/spf13/cobra", true},
		{"cmd/wsbridge", module + "fifo", true},
		{"cmd/wsbridge/serve", "github.com/coreos/go-systemd/v22/daemon", true},
		{"cmd/wsbridge/config", module + "cmd/wsbridge", false},
		{"cmd/wsbridge/terminal", module + "cmd/wsbridge/config", false},
		{"tests/wire", module + "tests/harness", true},
		{"common", "fmt", false},
	} {
		found := violations([]goPackage{{module + tt.from, []string{tt.to}}}, importRules())
		if allowed := len(found) == 0; allowed != tt.allowed {
			t.Errorf("%s imports %s: allowed is %v, want %v", tt.from, tt.to, allowed, tt.allowed)
		}
	}
}

func listPackages(tb testing.TB) []goPackage {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), "go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		tb.Fatalf("go list: %v\n%s", err, exit.Stderr)
	}
	if err != nil {
		tb.Fatal(err)
	}
	var packages []goPackage
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			tb.Fatal(err)
		}
		packages = append(packages, p)
	}
}
