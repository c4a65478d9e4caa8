package pipe

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// ws_pipe_data, the web side's half of the pipe.

// webSide writes a page that gives each of some JSON documents to ws_pipe_data.
func webSide(s *harness.Server) {
	s.T.Helper()
	client, err := os.ReadFile("../../php-handlers/ws_app.php")
	if err != nil {
		s.T.Fatal(err)
	}
	s.Write("ws_app.php", string(client))
	s.Write("web.php", `<?php
define("WEBSOCKET_XHR_PIPE_FILE",$argv[1]);
require __DIR__."/ws_app.php";
$statuses=array();
foreach (array_slice($argv,2) as $json)
{
	$params=json_decode($json,True);
	ws_pipe_data($params);
	$statuses[]=$params["pipe_status"];
}
echo json_encode($statuses);
`)
}

// runPage runs the page and returns what pipe_status became for each document.
func runPage(s *harness.Server, pipe string, documents ...string) (statuses []string) {
	s.T.Helper()
	out, err := exec.Command("php", append([]string{s.Path("web.php"), pipe}, documents...)...).CombinedOutput()
	if err != nil {
		s.T.Fatalf("%v: %s", err, out)
	}
	if err := json.Unmarshal(out, &statuses); err != nil || len(statuses) != len(documents) {
		s.T.Fatalf("%v: %s", err, out)
	}
	return statuses
}

func TestWSPipeDataWritesParamsOrTheCommand(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: forward})
	c := s.Connect()
	webSide(s)
	statuses := runPage(s, s.Path("ws_notify"), `{"to":"*","text":"h\u00fc"}`, `{"wsmanage":{"cmd":"quit now"},"to":"*"}`, `{"wsmanage":{"other":1}}`)
	for _, status := range statuses {
		if status != "OK" {
			t.Errorf("got %q", status)
		}
	}
	harness.WantAll([]*harness.Client{c}, `{"to":"*","text":"h\u00fc"}`, "quit now", `{"wsmanage":{"other":1}}`)
}

// Each call is one event, however close to the next one.
func TestWSPipeDataKeepsCommandsApart(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: forward})
	c := s.Connect()
	webSide(s)
	var commands, want []string
	for i := range 100 {
		command := fmt.Sprintf("command %d", i)
		commands = append(commands, fmt.Sprintf(`{"wsmanage":{"cmd":%q}}`, command), fmt.Sprintf(`{"n":%d}`, i))
		want = append(want, command, fmt.Sprintf(`{"n":%d}`, i))
	}
	runPage(s, s.Path("ws_notify"), commands...)
	harness.WantAll([]*harness.Client{c}, want...)
	runPage(s, s.Path("ws_notify"), `{"wsmanage":{"cmd":"two\nlines"}}`)
	c.Want("two\nlines")
}

func TestWSPipeDataSaysWhatIsWrongWithThePipe(t *testing.T) {
	t.Parallel()
	s := harness.Prepare(t, harness.App{})
	webSide(s)
	s.Write("a file", "precious")
	for path, want := range map[string]string{
		"nowhere": "PIPE FILE NOT FOUND",
		"a file":  "ERROR OPENING PIPE FILE",
		"":        "ERROR OPENING PIPE FILE", // the folder
	} {
		if got := runPage(s, s.Path(path), `{"a":1}`)[0]; got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
	if got := s.Read("a file"); got != "precious" {
		t.Errorf("the file has %q", got)
	}
}
