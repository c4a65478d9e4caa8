package handlers

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// What exists at file scope before a handler runs.

func TestEverySettingIsAConstant(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{
		Settings: "APP_NAME=My Shop\n\nAPP_QUERY=a=1&b=2\nWEBSOCKET_ENABLE=1\nWEBSOCKET_CONNECTION_TIMEOUT_SEC=90\nADMINISTRATOR_EMAIL=a@example.org\n",
		Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	send_text($client_key,implode("|",array(APP_NAME,APP_QUERY,DB_PASSWORD,WEBSOCKET_SERVER_HEADER,WEBSOCKET_ENABLE,
		WEBSOCKET_CONNECTION_TIMEOUT_SEC,ADMINISTRATOR_EMAIL,WEBSOCKET_SELECT_TIMEOUT)));
}`})
	if got, want := s.Connect().Ask("x"), "My Shop|a=1&b=2|se=cr=et|SimplePHPWS|1|90|a@example.org|200000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if strings.Contains(s.Log.Text(), "se=cr=et") {
		t.Error("a setting's value is in the log")
	}
}

// PHP reads the settings from a copy in wsbridge's run-time folder, if there is one.
// With one request per event. A resident worker has defined the constants for as long as it lives.
func TestChangedSettingsApplyFromTheNextEventOn(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Settings: "APP_NAME=one\n", TOML: harness.RequestPerEvent,
		Handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,APP_NAME); }`})
	c := s.Connect()
	name := "one"
	ask := func() {
		t.Helper()
		if got := c.Ask("x"); got != name {
			t.Fatalf("got %q, want %q", got, name)
		}
	}
	for _, next := range []string{"two", "six", "seven"} {
		harness.Eventually(t, "a copy of the settings, and no older one", func() bool {
			ask() // each event tells whether the code, or the settings, have changed
			copies, err := filepath.Glob(s.Path("wsbridge-*/settings-*.php"))
			return err == nil && len(copies) == 1 && holds(t, copies[0], "'APP_NAME' => '"+name+"'")
		})
		ask()
		name = next
		s.Write("server_shared.conf", s.Settings("APP_NAME="+name+"\n"))
		ask()
	}
}

func TestChangedSettingsReplaceTheResidentWorker(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Settings: "APP_NAME=one\n", TOML: harness.Resident,
		Handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,APP_NAME); }`})
	c := s.Connect()
	if got := c.Ask("x"); got != "one" {
		t.Fatalf("got %q", got)
	}
	for _, name := range []string{"two", "three"} {
		s.Write("server_shared.conf", s.Settings("APP_NAME="+name+"\n"))
		harness.Eventually(t, "the setting "+name, func() bool { return c.Ask("x") == name })
	}
}

// holds reports whether a file that others cannot read contains text.
func holds(t *testing.T, file, text string) bool {
	t.Helper()
	content, readErr := os.ReadFile(file)
	info, statErr := os.Stat(file)
	if err := errors.Join(readErr, statErr); err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		t.Errorf("%s has mode %v", file, info.Mode())
	}
	return strings.Contains(string(content), text)
}

func TestServerThatIsSwitchedOffDoesNotStart(t *testing.T) {
	t.Parallel()
	a := harness.App{Settings: "WEBSOCKET_ENABLE=0\n"}
	s := harness.Prepare(t, a)
	s.Start(s.Arguments(a)...)
	if status := s.Wait(); status == 0 {
		t.Error("exit status 0")
	}
	s.WantError("WEBSOCKET_ENABLE")
}

func TestGlobalsAHandlerMayReach(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Settings: "APP_NAME=My Shop\n", Handlers: `
function look()
{
	global $server,$sockets,$connections,$settings;
	return json_encode(array(array_keys($sockets),array_keys($connections),in_array("APP_NAME=My Shop",$settings),is_resource($server)));
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,look()); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data) { send_text(1,look()); }`})
	a, b := s.Connect(), s.Connect()
	want := "[[0,1,2],[1,2],true,true]"
	if got := b.Ask("x"); got != want {
		t.Errorf("a client's handler got %s", got)
	}
	s.WritePipe("x")
	a.Want(want)
}

func TestTopLevelVariablesAreGlobals(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
$greeting="hello";
$templates=array("page"=>"<b>%%name%%</b>");
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	global $greeting;
	send_text($client_key,$greeting." ".$GLOBALS["greeting"]." ".template_fill("page",array("name"=>$msg)));
}`})
	if got, want := s.Connect().Ask("you"), "hello hello <b>you</b>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFurtherFilesAreRequired(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: `
require_once("inc_relative.php");
require_once("./inc_dot.php");
require_once(__DIR__."/inc_absolute.php");
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	require_once("inc_late.php");
	send_text($client_key,relative().dot().absolute().late());
}`}
	s := harness.Prepare(t, a)
	for _, name := range []string{"relative", "dot", "absolute", "late"} {
		s.Write("inc_"+name+".php", "<?php function "+name+"() { return '"+name+" '; }")
	}
	s.Run(a)
	if got, want := s.Connect().Ask("x"), "relative dot absolute late "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEventsFileIsIncludedOnce(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: `
$times=isset($times)?$times+1:1;
require_once("circle.php");
function ws_server_text(&$connections,&$connection,$client_key,$msg) { global $times; send_text($client_key,"included ".$times); }`}
	s := harness.Prepare(t, a)
	s.Write("circle.php", `<?php require_once(__DIR__."/push_server_events.php"); require_once("push_server_events.php");`)
	s.Run(a)
	if got := s.Connect().Ask("x"); got != "included 1" {
		t.Errorf("got %q", got)
	}
}

// With wsbridge's own php-fpm, which preloads the PHP half.
func TestServerIsFilledForThoseWhoLookAtIt(t *testing.T) {
	t.Parallel()
	const unseen = `isset($GLOBALS[base64_decode("X1NFUlZFUg==")])`
	for name, c := range map[string]struct{ look, mode, want string }{
		"by its name":                {`isset($_SERVER["HTTP_HOST"])`, harness.RequestPerEvent, "yes"},
		"as a global":                {`isset($GLOBALS["_SERVER"]["HTTP_HOST"])`, harness.RequestPerEvent, "yes"},
		"by a name in a text":        {`in_array("_SERVER",array_keys($GLOBALS))`, harness.RequestPerEvent, "yes"},
		"not at all":                 {unseen, harness.RequestPerEvent, "no"}, // which saves the time to fill it
		"by its name, resident":      {`isset($_SERVER["HTTP_HOST"])`, harness.Resident, "yes"},
		"not seen to look, resident": {unseen, harness.Resident, "yes"}, // it costs so little there that it is always filled
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.Serve(t, harness.App{TOML: c.mode, Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,` + c.look + ` ? "yes" : "no"); }`})
			if got := s.Connect().Ask("x"); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}
