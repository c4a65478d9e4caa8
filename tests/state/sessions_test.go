package state

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The tabs of a user share a session, which PHP locks while a handler has it open. Tabs that wait for it must not take
// all workers. With one request per event: with residents, only slow handlers occupy other workers.
func TestTabsThatShareASessionLeaveWorkersToOthers(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: harness.PerRequest("[isolation]\nsession_cookie = \"PHPSESSID\"\n[php]\nworkers = 4\n[php.ini]\n\"opcache.revalidate_freq\" = 0\n"), Handlers: `
session_save_path(__DIR__);
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="quick" || $msg=="settle") { send_text($client_key,$msg); return; }
	session_start();
	file_put_contents(__DIR__."/locked","yes");
	send_text($client_key,"has it");
	while (!file_exists(__DIR__."/go")) { usleep(5000); clearstatcache(); }
	session_write_close();
	send_text($client_key,"done");
}`})
	other := s.ConnectAs("PHPSESSID=bert")
	s.AwaitCode(other, "[]")
	var tabs []*harness.Client
	for range 6 { // more than there are workers
		tabs = append(tabs, s.ConnectAs("login=anna; PHPSESSID=anna"))
	}
	for _, tab := range tabs {
		tab.Send("open the session")
	}
	harness.Eventually(t, "a tab has the session", func() bool { return s.ReadIfThere("locked") != "" })
	for range 10 { // would find no worker if each tab had one
		if got := other.Ask("quick"); got != "quick" {
			t.Fatalf("got %q", got)
		}
	}
	s.Write("go", "")
	for _, tab := range tabs {
		tab.Want("has it")
		tab.Want("done")
	}
}

// PHP refuses to change the settings of sessions when headers are sent. Over TCP, the PHP half writes before it includes the
// application.
func TestSessionsOverTCP(t *testing.T) {
	t.Parallel()
	a := harness.App{Handlers: `
session_name("chat");
session_save_path(__DIR__);
ini_set("session.use_strict_mode","0"); // from PHP 8.6 on, only a session that is there keeps its id
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	error_log("from the handler");
	session_start();
	$_SESSION["n"]=isset($_SESSION["n"])?$_SESSION["n"]+1:1;
	send_text($client_key,session_name()." ".$_SESSION["n"]);
}`}
	s := harness.Prepare(t, a)
	a.Args = []string{"--fastcgi", harness.StartFPMOnTCP(t, 3).Address}
	s.Run(a)
	c := s.ConnectAs("chat=abcdefghijklmnopqrstuvwxyz")
	for _, want := range []string{"chat 1", "chat 2", "chat 3"} {
		if got := c.Ask("x"); got != want {
			t.Fatalf("got %q, want %q; the log has\n%s", got, want, s.Log.Text())
		}
	}
	s.Log.Wait("php-fpm wrote to its error stream", "from the handler")
	if text := s.Log.Text(); strings.Contains(text, "begun") || strings.Contains(text, "eaders") {
		t.Errorf("the log has\n%s", text)
	}
}
