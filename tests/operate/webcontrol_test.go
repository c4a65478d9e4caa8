package operate

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// WsbridgeControl, the web side's half of the control socket.

// webControl runs PHP with $control at hand and returns what it prints as JSON. An uncaught error is
// {"error":…,"code":…}.
func webControl(s *harness.Server, address, php string) (got map[string]any) {
	s.T.Helper()
	class, err := os.ReadFile("../../php-handlers/WsbridgeControl.php")
	if err != nil {
		s.T.Fatal(err)
	}
	s.Write("WsbridgeControl.php", string(class))
	s.Write("web.php", `<?php
error_reporting(E_ALL);
set_error_handler(function ($level, $message) { if (error_reporting() & $level) { throw new ErrorException($message); } return true; });
require __DIR__ . '/WsbridgeControl.php';
try {
	$control = new WsbridgeControl($argv[1], '', 10);
	echo json_encode(array('value' => (function () use ($control) { `+php+` })()));
} catch (Exception $e) {
	echo json_encode(array('error' => $e->getMessage(), 'code' => $e->getCode(), 'class' => get_class($e)));
}
`)
	out, err := exec.Command("php", s.Path("web.php"), address).CombinedOutput()
	if err != nil {
		s.T.Fatalf("%v: %s", err, out)
	}
	if err := json.Unmarshal(out, &got); err != nil {
		s.T.Fatalf("%v: %s", err, out)
	}
	return got
}

const roomed = `
function ws_server_open(&$connections,&$connection,$client_key) { $connection["room"]=$_COOKIE["room"]; }
function ws_server_fifo(&$server,&$sockets,&$connections,&$document)
{
	if ($document=="fail") { throw new Exception("no such room"); }
	$data=json_decode($document,True);
	broadcast_to_all($data["text"]);
	return array("rooms"=>array_column($connections,"room"));
}`

func TestWebControlReachesClients(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: roomed})
	address := s.ControlSocket()
	red, blue := s.ConnectAs("room=red"), s.ConnectAs("room=blue")
	ready(s, red, blue)
	for _, step := range []struct{ php, want string }{
		{`$control->send(1, "to grün"); return true;`, `true`},
		{`$control->sendBinary("2", "\0\xff"); return true;`, `true`},
		{`return $control->broadcast("reds", array("room" => "red"));`, `1`},
		{`return $control->broadcast("all");`, `2`},
		{`return $control->fifo(array("text" => "by fifo"));`, `{"rooms":["red","blue"]}`},
		{`return array_keys($control->connections());`, `[1,2]`},
		{`$c = $control->connections(array("room" => "blue"), array("room")); return array($c[2]["state"], $c[2]["row"]);`, `["OPEN",{"room":"blue"}]`},
		{`$c = $control->connection(1); return $c["row"]["room"];`, `"red"`},
		{`return $control->connection(77);`, `null`},
		{`$s = $control->status(); return $s["connections"]["open"];`, `2`},
		{`$control->close(1, 4001, "moved"); return true;`, `true`},
	} {
		got := webControl(s, address, step.php)
		text, err := json.Marshal(got["value"])
		if err != nil || got["error"] != nil || string(text) != step.want {
			t.Errorf("%s: got %v", step.php, got)
		}
	}
	for _, text := range []string{"to grün", "reds", "all", "by fifo"} {
		red.Want(text)
	}
	if code, reason := red.Closed(); code != 4001 || reason != "moved" {
		t.Errorf("closed with %d %q", code, reason)
	}
	if _, data := blue.Next(); string(data) != "\x00\xff" {
		t.Errorf("got %q", data)
	}
	blue.Want("all")
	blue.Want("by fifo")
}

// ready waits until the clients' open handlers have run.
func ready(s *harness.Server, clients ...*harness.Client) {
	s.T.Helper()
	webControl(s, s.ControlSocket(), `return $control->fifo('{"text":"ready"}');`)
	for _, c := range clients {
		c.Want("ready")
	}
}

func TestWebControlReadsManyPages(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{})
	clients := make([]*harness.Client, 23)
	for i := range clients {
		clients[i] = s.Connect()
	}
	got := webControl(s, s.ControlSocket(), `return count($control->connections(array(), array(), 5));`)
	if got["value"] != float64(len(clients)) {
		t.Errorf("got %v", got)
	}
}

func TestWebControlSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: roomed})
	address := s.ControlSocket()
	deaf, err := net.Listen("unix", s.Path("deaf.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	left, err := net.Listen("unix", s.Path("left.sock"))
	if err != nil {
		t.Fatal(err)
	}
	left.(*net.UnixListener).SetUnlinkOnClose(false)
	left.Close()
	for name, step := range map[string]struct{ address, php, want string }{
		"handler":     {address, `return $control->fifo("fail");`, "no such room"},
		"nobody":      {address, `$control->send(99, "x");`, "no connection 99"},
		"not UTF-8":   {address, `$control->broadcast("\xff");`, "utf-8"},
		"bad code":    {address, `$control->close(1, 1005);`, "1005"},
		"bad key":     {address, `$control->send("1; drop", "x");`, "is no client key"},
		"not JSON":    {address, `return $control->fifo(array("\xff"));`, "cannot be written as JSON"},
		"bad address": {"/run/x.sock", ``, "is no address"},
		"no socket":   {"unix:" + s.Path("nowhere.sock"), `$control->status();`, "is it running"},
		"left":        {"unix:" + s.Path("left.sock"), `$control->status();`, "still running"},
		"no answer":   {"unix:" + s.Path("deaf.sock"), `$control = new WsbridgeControl($GLOBALS["argv"][1], "", 0.2); $control->status();`, "did not answer in time"},
		"no control":  {s.Address, `$control->status();`, "wsbridge"},
	} {
		got := webControl(s, step.address, step.php)
		if text, _ := got["error"].(string); !strings.Contains(text, step.want) {
			t.Errorf("%s: got %v, want %q", name, got, step.want)
		}
	}
}
