package handlers

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// warning is an application that warns, once silently, and that starts a process.
const warning = hardened + `
function ws_server_binary(&$connections,&$connection,$client_key,$data)
{
	@trigger_error("silent");
	trigger_error("heard");
	$GLOBALS["ends"]=$data=="end";
	if (start_process("cat",array(),0,$connection,$client_key))
	{
		$handle=end($GLOBALS["handles"]);
		fwrite($handle["pipe_stdin"],"said\n");
		if ($GLOBALS["ends"]) { fclose($handle["pipe_stdin"]); }
	}
}
function ws_process_stdout(&$handle,$line) { send_text($handle["client_key"],$line); if (!$GLOBALS["ends"]) { kill_process($handle); } }
function ws_process_eof(&$handle) { send_text($handle["client_key"],"eof"); }
`

// Lines of both pools of an existing php-fpm whose administrator has hardened it.
const (
	fewDisabled   = "php_admin_value[disable_functions] = set_time_limit,posix_getpwuid,error_reporting\n"
	manyDisabled  = "php_admin_value[disable_functions] = " + disabled + "\n"
	noServer      = "php_admin_value[variables_order] = GPC\n"
	onlyFolder    = "php_admin_value[open_basedir] = FOLDER\n"
	folderAndProc = "php_admin_value[open_basedir] = FOLDER:/proc\n"
	noOpcache     = "php_admin_flag[opcache.enable] = off\n"
	noDial        = "php_admin_value[disable_functions] = stream_socket_client\n"
	noSocket      = "php_admin_value[disable_functions] = stream_socket_client,fsockopen\n"
)

const noSocketText = "stream_socket_client() and fsockopen() are disabled (disable_functions in php.ini)"

func TestHardenedPoolsRunApplications(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		lines     string
		warned    string // part of a warning that says what is missing; empty: nothing is
		once      bool   // each event is a request in any case
		childless bool   // no process can be started
	}{
		"few functions":           {lines: fewDisabled},
		"many functions":          {lines: manyDisabled, warned: "ini_set() is disabled", childless: true},
		"variables_order":         {lines: noServer, warned: "variables_order in php.ini has no S"},
		"open_basedir":            {lines: onlyFolder, warned: "PHP cannot read /proc (open_basedir", childless: true},
		"open_basedir with /proc": {lines: folderAndProc},
		"opcache":                 {lines: noOpcache, warned: "opcache is off"},
		"stream_socket_client":    {lines: noDial},
		"no function for sockets": {lines: noSocket, warned: noSocketText, once: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := harness.App{Handlers: warning, TOML: "[php]\n"}
			s := prepareHardened(t, a, row.lines)
			s.Run(a)
			c := s.ConnectAs("a=b")
			for i := range 3 {
				calls := 1
				if harness.Residents() && !row.once {
					calls = i + 1
				}
				if got, want := c.Ask("x"), fmt.Sprintf("a=b tests 127.0.0.1 x %d 1 %d", i+1, calls); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			for _, data := range []string{"kill", "end"} {
				c.SendBinary(data)
				if harness.Residents() && !row.once && !row.childless {
					c.Want("said\n")
					c.Want("eof")
				}
			}
			switch {
			case row.warned != "" && (harness.Residents() || !row.once):
				s.Log.Wait("", row.warned)
			case row.warned == "" && s.Log.Count(`"level":"ERROR"`) > 0:
				t.Errorf("there are errors in the log:\n%s", s.Log.Text())
			}
			s.Log.Wait("", "heard")
			if row.lines == onlyFolder && harness.Residents() {
				s.Log.Wait("start_process() cannot start cat: PHP cannot read /proc")
			}
			if row.lines == manyDisabled && os.Geteuid() == 0 {
				harness.Eventually(t, "a copy of the settings is tried", func() bool { // when the code is certain, which takes an event
					c.SendBinary("")
					return s.Log.Count("no copy of the settings is made", "PHP cannot tell its user") > 0
				})
			}
			for _, never := range []string{"silent", "readlink()", "Undefined array key"} {
				if strings.Contains(s.Log.Text(), never) {
					t.Errorf("%q is in the log:\n%s", never, s.Log.Text())
				}
			}
		})
	}
}

// prepareHardened prepares an application for pools with further lines.
func prepareHardened(t *testing.T, a harness.App, lines string) *harness.Server {
	t.Helper()
	s := harness.Prepare(t, a)
	fpm := harness.StartFPMForResidents(t, 3, 4, "30s", strings.ReplaceAll(lines, "FOLDER", s.Dir))
	s.Configure(fpm.Config() + "php.run_dir = \"" + s.Dir + "\"\n")
	return s
}

// wsbridge check says that there are no resident workers, and what that costs.
func TestCheckNamesWhatKeepsWorkersFromStaying(t *testing.T) {
	t.Parallel()
	if !harness.Residents() {
		t.Skip("there are none anyway")
	}
	a := harness.App{Handlers: warning, TOML: "[php]\n"}
	found := map[string]string{}
	for _, f := range prepareHardened(t, a, noSocket).Check(a) {
		found[f.Kind] += f.Level + " " + f.Message + "\n"
	}
	for kind, want := range map[string]string{
		"fpm":      "warning there are no resident workers, so each event is a request: " + noSocketText,
		"static":   "warning static variable $n of ws_server_text() starts anew in each event",
		"children": "",
	} {
		if got, ok := found[kind]; !ok || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", kind, got, want)
		}
	}
	for _, f := range prepareHardened(t, a, noDial).Check(a) {
		if f.Kind == "fpm" {
			t.Errorf("found %s", f.Message)
		}
	}
}
