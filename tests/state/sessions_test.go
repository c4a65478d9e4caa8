package state

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The tabs of a user share a session, which PHP locks while a handler has it open. Tabs that wait for it must not take
// all workers.
func TestTabsThatShareASessionLeaveWorkersToOthers(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{TOML: strings.Replace(harness.Isolation("auto"), "[php]", "session_cookie = \"PHPSESSID\"\n[php]", 1), Handlers: `
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
