package tests

import "testing"

func TestSaturatedPHPClosesWhoWaitsTooLong(t *testing.T) {
	s := serve(t, app{
		handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="work") { send_text($client_key,"working"); sleep(3); }
	send_text($client_key,"done");
}
`,
		toml: "[isolation]\nmode = \"connection\"\n[server]\nqueue_wait = \"1s\"\n[php]\nworkers = 1\n",
	})
	busy, waiting := s.connect(), s.connect()
	busy.send("work")
	busy.want("working")
	waiting.send("hello")
	if code, reason := waiting.closed(); code != 1013 {
		t.Errorf("got %d %q", code, reason)
	}
}
