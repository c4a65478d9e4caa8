// Package tests holds the packages of this module to what each may import. The folders beside it run the real program.
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

// rule is what the packages below one top-level folder may import besides the standard library and each other.
type rule struct {
	folder string
	may    []string // import paths; those with a final slash and all below them
	why    string
}

func importRules() []rule {
	const contract = module + "protocol"
	return []rule{
		{"protocol", nil, "the contract is data, for both sides of it and for tests to read without a server"},
		{"fifo", []string{"golang.org/x/sys/unix"}, "a pipe and its documents mean nothing to it; whoever wants them passes a function"},
		{"deploy", nil, "the files in it are only embedded"},
		{"php-handlers", nil, "the PHP half is only embedded here"},
		{"bridge", []string{contract, "github.com/gorilla/websocket", "github.com/pires/go-proxyproto", "golang.org/x/sys/unix",
			"golang.org/x/time/rate"},
			"it declares the interface it asks for answers, so that it can be tested without php-fpm"},
		{"fastcgi", []string{contract, "github.com/yookoala/gofast", "golang.org/x/sys/unix"},
			"it answers events, and knows of no clients"},
		{"cmd", []string{module, "github.com/", "golang.org/x/term"}, "it joins the others, and asks a terminal for its size"},
		{"tests", []string{module, "github.com/", "golang.org/x/sys/unix"}, "they use everything"},
	}
}

// goPackage is what go list says of a package. Test files are free to import more.
type goPackage struct {
	ImportPath string
	Imports    []string
}

// violations lists the imports that no rule allows, and the packages for whose folder there is no rule.
func violations(packages []goPackage, rules []rule) []string {
	var found []string
	for _, p := range packages {
		folder, _, _ := strings.Cut(strings.TrimPrefix(p.ImportPath, module), "/")
		i := slices.IndexFunc(rules, func(r rule) bool { return r.folder == folder })
		if i < 0 {
			found = append(found, fmt.Sprintf("%s: there is no rule for folder %s", p.ImportPath, folder))
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
	own := module + r.folder
	return isStandard || path == own || strings.HasPrefix(path, own+"/") ||
		slices.ContainsFunc(r.may, func(allowed string) bool {
			return path == allowed || strings.HasSuffix(allowed, "/") && strings.HasPrefix(path, allowed)
		})
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
		{"bridge", module + "bridge/table", true},
		{"bridge/table", module + "bridge", true},
		{"bridge", "net/http", true},
		{"bridge", module + "fastcgi", false},
		{"bridge", module + "bridges", false},
		{"bridge", "github.com/yookoala/gofast", false},
		{"fastcgi/phpfpm", module + "bridge", false},
		{"fastcgi", "github.com/yookoala/gofast", true},
		{"protocol", "encoding/json", true},
		{"protocol", "golang.org/x/text", false},
		{"fifo", module + "protocol", false},
		{"php-handlers", module + "cmd/wsbridge", false},
		{"cmd/wsbridge", "github.com/spf13/cobra", true},
		{"cmd/wsbridge", module + "fifo", true},
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
