package pages

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// runsRows is a PHP program that runs code of the page, each as handlers run theirs, and prints for each what became of it, as JSON.
const runsRows = `
class Old { function method() { } }
function needs_two($a,$b) { }
function run_row($code)
{
	global $warned;
	$warned="";
	try { $value=eval($code); } catch (Throwable $e) { return array("threw"=>$e->getMessage()); }
	return array("warned"=>$warned,"value"=>var_export($value,True));
}
error_reporting(E_ALL);
set_error_handler(function($level,$message) { global $warned; $warned=$message; });
echo json_encode(array_map("run_row",array_slice($argv,1)));`

// ran is what became of one piece of code.
type ran struct{ Threw, Warned, Value string }

// run runs pieces of code in one PHP process.
func run(t *testing.T, code ...string) (all []ran) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "php", append([]string{"-n", "-r", runsRows, "--"}, code...)...).CombinedOutput()
	if err == nil {
		err = json.Unmarshal(out, &all)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return all
}

// tableOf returns the cells of the rows of the table below a heading of a page.
func tableOf(t *testing.T, path, heading string) (rows [][]string) {
	t.Helper()
	_, section, _ := strings.Cut(readFile(t, path), "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		line = strings.ReplaceAll(strings.TrimSpace(line), `\|`, "\x00")
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		var cells []string
		for _, cell := range strings.Split(strings.Trim(line, "| "), " | ") {
			cells = append(cells, strings.ReplaceAll(strings.TrimSpace(cell), "\x00", "|"))
		}
		rows = append(rows, cells)
	}
	if len(rows) < 5 {
		t.Fatalf("%s has %d rows below %s", path, len(rows), heading)
	}
	return rows
}

var inBackticks = regexp.MustCompile("`([^`]+)`")

const phpVersions = docs + "/php-versions.md"

// checkOf checks an application with more code.
func checkOf(t *testing.T, code string) string {
	t.Helper()
	s := harness.Prepare(t, harness.App{Handlers: code})
	out, _ := harness.Finish(t, exec.CommandContext(t.Context(), harness.Program(), "check", "--settings", s.Path("server_shared.conf")))
	return out
}

func TestCodeThatDoesNotLoadSaysWhatThePageSays(t *testing.T) {
	t.Parallel()
	for _, row := range tableOf(t, phpVersions, "It does not load") {
		if out := checkOf(t, strings.Trim(row[0], "`")); !strings.Contains(out, row[2]) || !strings.Contains(out, "Errors\n  php ") {
			t.Errorf("%s: got\n%s", row[0], out)
		}
	}
}

func TestCheckFindsWhatIsMissing(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	want := map[string]string{}
	for _, row := range tableOf(t, phpVersions, "Something is missing") {
		for _, m := range inBackticks.FindAllStringSubmatch(row[0], -1) {
			code.WriteString("function missing_" + string(rune('a'+len(want))) + "($row,$list,$s) { return " + m[1] + "; }\n")
			name, _, isCall := strings.Cut(m[1], "(")
			want[m[1]] = "constant login is neither defined"
			if isCall {
				want[m[1]] = name + "() "
			}
		}
	}
	out := checkOf(t, code.String())
	for code, says := range want {
		if !strings.Contains(out, says) {
			t.Errorf("%s: %q is not in\n%s", code, says, out)
		}
	}
}

func TestCodeRunsAsThePageSays(t *testing.T) {
	t.Parallel()
	for heading, became := range map[string]func(ran) string{
		"It fails when it runs":  func(r ran) string { return r.Threw },
		"It warns":               func(r ran) string { return r.Warned },
		"It does something else": func(r ran) string { return "`" + r.Value + "`" },
	} {
		rows := tableOf(t, phpVersions, heading)
		var code []string
		for _, row := range rows {
			c := strings.Trim(row[0], "`")
			if heading == "It does something else" {
				c = "return " + c + ";"
			}
			code = append(code, c)
		}
		for i, r := range run(t, code...) {
			// PHP adds to some messages which function says so, and in which file it was called.
			if got, says := became(r), rows[i][len(rows[i])-1]; !strings.Contains(got, says) {
				t.Errorf("%s: %q is not what became of %s: %+v", heading, says, code[i], r)
			}
		}
	}
}

func TestDeprecationsAreOutOfTheLog(t *testing.T) {
	t.Parallel()
	_, silence, _ := strings.Cut(readFile(t, phpVersions), "```php\n")
	silence, _, _ = strings.Cut(silence, "```")
	s := harness.Serve(t, harness.App{Handlers: silence + `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { strlen(null); $x=$never_set; send_text($client_key,$msg); }`})
	s.Connect().Ask("hi")
	s.Log.Wait("", "Undefined variable $never_set")
	if n := s.Log.Count("deprecated"); n > 0 {
		t.Errorf("%d lines tell of what is deprecated", n)
	}
}
