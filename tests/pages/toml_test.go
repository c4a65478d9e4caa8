package pages

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

var (
	tomlBlock  = regexp.MustCompile("(?ms)^```toml\n(.*?)^```$")
	tomlInText = regexp.MustCompile("`(([a-z]+)\\.[a-z_]+ = [^`]*)`")
)

// tomlOf returns the configurations in a page: its blocks, and the keys with a value in its text.
func tomlOf(t *testing.T, path string) (configurations []string) {
	t.Helper()
	text, sections := readFile(t, path), readFile(t, "../../deploy/wsbridge.toml")
	for _, m := range tomlBlock.FindAllStringSubmatch(text, -1) {
		configurations = append(configurations, m[1])
	}
	if blocks := strings.Count(text, "```toml"); blocks != len(configurations) {
		t.Errorf("%s: %d blocks of TOML begin, and %d are found", path, blocks, len(configurations))
	}
	for _, m := range tomlInText.FindAllStringSubmatch(text, -1) {
		if strings.Contains(sections, "\n["+m[2]+"]\n") { // else it is of php-fpm or php.ini
			configurations = append(configurations, m[1]+"\n")
		}
	}
	return configurations
}

// withTokens makes the files with tokens of their own that a configuration names, in the server's folder.
func withTokens(s *harness.Server, toml string) string {
	s.T.Helper()
	named := regexp.MustCompile(`/etc/wsbridge/([a-z]+\.token)`)
	return named.ReplaceAllStringFunc(toml, func(path string) string {
		name := named.FindStringSubmatch(path)[1]
		s.Write(name, "the-secret-of-"+name)
		if err := os.Chmod(s.Path(name), 0o600); err != nil {
			s.T.Fatal(err)
		}
		return s.Path(name)
	})
}

// What the pages show of a wsbridge.toml can be loaded, and has an effect.
func TestTOMLOfThePagesIsAConfiguration(t *testing.T) {
	t.Parallel()
	s := harness.Prepare(t, harness.App{})
	s.WriteToken()
	fpm, err := net.Listen("unix", s.Path("php-fpm.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fpm.Close() })
	elsewhere := strings.NewReplacer("/etc/wsbridge/token", s.Path("token"), "/app/server_shared.conf", s.Path("server_shared.conf"),
		"/run/php/wsbridge.sock", s.Path("php-fpm.sock"))
	loaded := map[string]bool{}
	for _, name := range append(pageNames(t), "../README.md", "../CHANGELOG.md") {
		for _, toml := range tomlOf(t, filepath.Join(docs, name)) {
			// What a page takes for granted comes first.
			for key, value := range map[string]string{"legacy.settings": "server_shared.conf", "control.token_file": "token"} {
				if _, short, _ := strings.Cut(key, "."); !strings.Contains(toml, short+" = ") {
					toml = fmt.Sprintf("%s = %q\n", key, s.Path(value)) + toml
				}
			}
			s.Write("page.toml", elsewhere.Replace(withTokens(s, toml)))
			cmd := exec.CommandContext(t.Context(), harness.Program(), "config", "--config", s.Path("page.toml"))
			out, status := harness.Finish(t, cmd)
			if status != 0 || strings.Contains(out, "no effect") {
				t.Errorf("%s: exit status %d: %s\n%s", name, status, out, toml)
			}
			loaded[name] = true
		}
	}
	if len(loaded) < 5 || !loaded["dashboard.md"] {
		t.Errorf("TOML was found in %v", loaded)
	}
}
