package tests

import (
	"strings"
	"testing"
)

// The tabs of a user share a session, which PHP locks while a handler has it open: they must not hold all workers in waiting.
func TestTabsThatShareASessionLeaveWorkersToOthers(t *testing.T) {
	t.Parallel()
	s := serve(t, app{toml: strings.Replace(isolated("auto"), "[php]", "session_cookie = \"PHPSESSID\"\n[php]", 1), handlers: `
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
	other := s.connectAs("PHPSESSID=bert")
	s.settled(other, "[]")
	var tabs []*client
	for range 6 { // more than there are workers
		tabs = append(tabs, s.connectAs("login=anna; PHPSESSID=anna"))
	}
	for _, tab := range tabs {
		tab.send("open the session")
	}
	eventually(t, "a tab has the session", func() bool { return s.readIfThere("locked") != "" })
	for range 10 { // would find no worker if each tab had one
		if got := other.ask("quick"); got != "quick" {
			t.Fatalf("got %q", got)
		}
	}
	s.write("go", "")
	for _, tab := range tabs {
		tab.want("has it")
		tab.want("done")
	}
}
