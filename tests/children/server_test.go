package children

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// handlers runs texts as PHP, as harness.Eval does, and tells the client of a process, or else all, what its handlers are called with.
const handlers = harness.Eval + `
define("VERSION","1");
function tell(&$handle,$what)
{
	if (isset($handle["client_key"])==True) { send_text($handle["client_key"],$what); } else { broadcast_to_all($what); }
}
function sh($script,$connection=Null,$client_key=Null,$timeout=0)
{
	if ($client_key===Null) { return start_process_fifo("sh",array("-c",$script),$timeout); }
	return start_process("sh",array("-c",$script),$timeout,$GLOBALS["connections"][$client_key],$client_key);
}
function useAll(&$connection,$client_key)
{
	return array(start_process("true",array(),0,$connection,$client_key),start_process_fifo("true",array(),0),kill_process(array("pid"=>1)));
}
function ws_process_loop(&$handle) { $handle["loops"]=isset($handle["loops"])?$handle["loops"]+1:1; }
function ws_process_stdout(&$handle,$buffer)
{
	if (strncmp($buffer,"quiet",5)==0 || isset($handle["bytes"])) { $handle["bytes"]=(isset($handle["bytes"])?$handle["bytes"]:0)+strlen($buffer); return; }
	if (isset($handle["connection"])==True) { $handle["connection"]["lines"][]=trim($buffer); }
	tell($handle,"out ".$buffer);
}
function ws_process_stderr(&$handle,$buffer) { tell($handle,"err ".$buffer); }
function ws_process_eof(&$handle)
{
	$GLOBALS["last"]=isset($handle["connection"])?$handle["connection"]:Null;
	tell($handle,"eof".(isset($handle["bytes"])?" ".$handle["bytes"]:""));
}
function ws_process_timeout(&$handle) { tell($handle,"timeout"); }
`

// serve serves these handlers and returns a client. Their code may be changed, and a second later the new one runs.
func serve(t *testing.T, toml string) (*harness.Server, *harness.Client) {
	t.Helper()
	s := harness.Serve(t, harness.App{Handlers: handlers, TOML: toml + "[php.ini]\n\"opcache.revalidate_freq\" = 0\n"})
	return s, s.Connect()
}

// start has a handler start a process for the client that asks, and returns its id.
func start(c *harness.Client, script string) int {
	c.T.Helper()
	return number(c, fmt.Sprintf(`sh(%s,$connection,$client_key); return $GLOBALS["handles"]?end($GLOBALS["handles"])["pid"]:"none";`, quote(script)))
}

// number has a handler return one.
func number(c *harness.Client, php string) int {
	c.T.Helper()
	text := c.Ask(php)
	n, err := strconv.Atoi(text)
	if err != nil {
		c.T.Fatalf("got %q, want a number", text)
	}
	return n
}

// quote returns a string of PHP.
func quote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

// write has a handler write to the last process that was started.
func write(c *harness.Client, text string) {
	c.T.Helper()
	c.Send(`fwrite(end($GLOBALS["handles"])["pipe_stdin"],` + quote(text) + `."\n");`)
}

// workerOf returns the process that runs the client's events.
func workerOf(c *harness.Client) int {
	c.T.Helper()
	return number(c, "return getmypid();")
}

// wantEnded waits until a process has ended.
func wantEnded(t *testing.T, pid int) {
	t.Helper()
	harness.Eventually(t, fmt.Sprintf("process %d ends", pid), func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, state, _ := strings.Cut(string(stat), ") ")
		return err != nil || strings.HasPrefix(state, "Z")
	})
}

// descriptors lists what a process has open.
func descriptors(t *testing.T, pid int) (numbers []string) {
	t.Helper()
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(links) == 0 {
		t.Fatalf("the descriptors of %d cannot be listed: %v", pid, err)
	}
	for _, link := range links {
		numbers = append(numbers, filepath.Base(link))
	}
	return numbers
}

// left lists the processes that come from a server's children: those that have its folder in their environment or command line.
func left(s *harness.Server) (found []string) {
	for _, name := range []string{"environ", "cmdline"} {
		files, _ := filepath.Glob("/proc/[0-9]*/" + name)
		for _, file := range files {
			text, _ := os.ReadFile(file)
			if strings.Contains(string(text), s.Path("wsbridge-")) && strings.Contains(string(text), "/children/") {
				found = append(found, file)
			}
		}
	}
	return found
}

// wantNoneLeft waits until there are none.
func wantNoneLeft(s *harness.Server) {
	s.T.Helper()
	harness.Eventually(s.T, "no process is left", func() bool { return len(left(s)) == 0 })
}
