package handlers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// What versions of PHP differ in.

// Up to PHP 7, no code of PHP runs after recursion has filled the memory.
func TestRecursionWithoutEndIsNamed(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: "[php]\nmemory_limit = \"32M\"\n", Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="recurse") { recurse($msg); }
	send_text($client_key,$msg);
}
function recurse($msg) { recurse($msg); }`})
	c := s.Connect()
	c.Send("recurse")
	line := s.Log.Wait("", "Allowed memory size", "push_server_events.php")
	text, _ := line["text"].(string) // as PHP logs it
	if line["line"] != 8.0 && !strings.Contains(text, "push_server_events.php on line 8") {
		t.Errorf("got %v", line)
	}
	if got := c.Ask("next"); got != "next" {
		t.Errorf("got %q", got)
	}
}

// From PHP 8.2 on, the creation of a property that no class declares is deprecated.
func TestRowsWithUndeclaredPropertiesAreQuiet(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
class User { public $name="anna"; }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="first") { $connection["user"]=new User; @$connection["user"]->n=0; }
	send_text($client_key,$connection["user"]->name." ".++$connection["user"]->n);
}`, TOML: "[log]\nlevel = \"debug\"\n"})
	c := s.Connect()
	for i, msg := range []string{"first", "x", "y"} {
		if got, want := c.Ask(msg), fmt.Sprintf("anna %d", i+1); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if s.Log.Count("", "property") != 0 {
		t.Error(s.Log.Text())
	}
}
