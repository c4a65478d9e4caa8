package handlers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// What a hardened php.ini takes away, as far as wsbridge can spare it.
const disabled = "set_time_limit,posix_getpwuid,posix_geteuid,posix_kill,error_reporting,ini_set,ini_get,ini_get_all,get_cfg_var,readlink," +
	"scandir,getmypid,umask,chdir,opcache_get_status,opcache_compile_file,opcache_reset,proc_open,popen,exec,system,shell_exec,passthru," +
	"error_log,getenv,putenv,ignore_user_abort,date_default_timezone_set,memory_get_usage,stream_set_timeout,stream_set_chunk_size,mail," +
	"phpinfo,symlink,http_response_code,session_destroy"

// hardened answers with what it sees of its client, and with how many events its process has run.
const hardened = `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	$connection["from"]=$cookies." ".$user_agent." ".$remote_address;
	return $remote_address!="";
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	static $n=0;
	$n++;
	$connection["count"]=isset($connection["count"])?$connection["count"]+1:1;
	send_text($client_key,$connection["from"]." ".$msg." ".$connection["count"]." ".count($connections)." ".$n);
}
`

func TestHardenedPHPRunsApplications(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		ini    string
		warned string // part of a warning that says what is missing
	}{
		"disable_functions": {"disable_functions = \"" + disabled + "\"\n", "ini_set() is disabled"},
		"variables_order":   {"variables_order = \"GPC\"\nregister_argc_argv = \"1\"\nshort_open_tag = \"0\"\n", "variables_order in php.ini has no S"},
		"open_basedir":      {"open_basedir = \"FOLDER\"\n", "PHP cannot read /proc (open_basedir"},
		"opcache":           {"\"opcache.enable\" = \"0\"\nauto_prepend_file = \"FOLDER/first.php\"\n", "opcache is off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := harness.App{Handlers: hardened, TOML: "[php]\n"}
			s := harness.Prepare(t, a)
			s.Write("first.php", "printed first<?php\n")
			s.Configure("[php]\nrun_dir = \"" + s.Dir + "\"\n[php.ini]\n" + strings.ReplaceAll(row.ini, "FOLDER", s.Dir))
			s.Run(a)
			s.Log.Wait("", row.warned)
			c := s.ConnectAs("a=b")
			for i := range 3 {
				calls := 1
				if harness.Residents() {
					calls = i + 1
				}
				if got, want := c.Ask("x"), fmt.Sprintf("a=b tests 127.0.0.1 x %d 1 %d", i+1, calls); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
}

func TestHardenedPHPIsNamedWhereItCannotRun(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		ini, code string
		want      []string
	}{
		"a function": {"disable_functions = \"ob_start\"\n", "", []string{"ob_start() is disabled (disable_functions in php.ini)", "php.ini.disable_functions"}},
		"functions": {"disable_functions = \"ob_start, Array_Slice,umask,exec\"\n", "", []string{
			"ob_start() is disabled", "wsbridge needs it, as it does array_slice(), also disabled. For", "php.ini.disable_functions"}},
		"the PHP half":     {"open_basedir = \"FOLDER/push_server_events.php:FOLDER/server_shared.conf\"\n", "", []string{"open_basedir in php.ini (", "does not have ", "php.run_dir", "php.ini.open_basedir"}},
		"the events file":  {"open_basedir = \"FOLDER/wsbridge-\"\n", "", []string{"push_server_events.php", "is not within open_basedir ("}},
		"short tags":       {"short_open_tag = \"0\"\n", "<? function ws_server_authenticate($a) { return True; }\n", []string{"ws_server_authenticate is not defined", "<?, which PHP takes for text (short_open_tag"}},
		"a misspelt one":   {"", "<?php function ws_server_autenticate($a) { return True; }\n", []string{"ws_server_authenticate is not defined", "did you mean ws_server_authenticate()?"}},
		"what runs before": {"auto_prepend_file = \"/nowhere.php\"\n", "", []string{"/nowhere.php"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := harness.App{Handlers: hardened, TOML: "[php]\n"}
			s := harness.Prepare(t, a)
			if row.code != "" {
				s.Write("push_server_events.php", row.code)
			}
			runDir := ""
			if name == "the events file" { // a folder of wsbridge's is made there, and this is how its name begins
				runDir = "run_dir = \"" + s.Dir + "\"\n"
			}
			s.Configure("[php]\n" + runDir + "[php.ini]\n" + strings.ReplaceAll(row.ini, "FOLDER", s.Dir))
			s.Start(s.Arguments(a)...)
			if status := s.Wait(); status != 1 {
				t.Errorf("exit status %d", status)
			}
			for _, part := range row.want {
				if !strings.Contains(s.Log.Text(), part) {
					t.Errorf("no %q in\n%s", part, s.Log.Text())
				}
			}
		})
	}
}
