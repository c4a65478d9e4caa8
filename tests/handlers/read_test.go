package handlers

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// ws_server_connect and ws_server_read, which run before the handshake is over.

func TestReadSeesEverythingFirst(t *testing.T) {
	t.Parallel()
	for name, parameters := range map[string]string{"three": "&$connections,&$connection,$data", "four": "&$connections,&$connection,$client_key,$data"} {
		t.Run(name, func(t *testing.T) {
			s := harness.Serve(t, harness.App{Handlers: `
function ws_server_connect(&$connections,&$connection,$client_key) { $connection["diary"]="connect ".$connection["state"].";"; }
function ws_server_read(` + parameters + `)
{
	$connection["diary"].="read ".$connection["state"]." ".(substr($data,0,4)=="GET "?"GET":strlen($data)).";";
	return "";
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	$connection["diary"].="text ".$msg.";";
	send_text($client_key,$connection["diary"]);
}`})
			c := s.Connect()
			c.Send("hello") // a masked frame of 6+5 bytes
			c.Want("connect CONNECTING;read CONNECTING GET;read OPEN 11;text hello;")
		})
	}
}

func TestReadReturningAnythingButAnEmptyStringConsumes(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_read(&$connections,&$connection,$client_key,$data)
{
	$frame=decode_frame($data);
	if ($connection["state"]!=="OPEN" || substr($frame["payload"],0,7)!=="return ") { return ""; }
	send_text($client_key,"read"); // the client waits for it: what it sends earlier may be part of this read
	return eval($frame["payload"]);
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }`})
	c := s.Connect()
	for _, value := range []string{`"consumed"`, `" "`, `"0"`, "0", "1", "null", "False", "True", "array()", `"QUIT"`} {
		c.Send("return " + value + ";")
		c.Want("read")
		if got := c.Ask("next"); got != "next" {
			t.Errorf("%s: got %q", value, got)
		}
	}
	c.Send(`return "";`)
	c.Want("read")
	c.Want(`return "";`)
}

func TestReadReturningQuitShutsTheServerDown(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Diary + `
function ws_server_read(&$connections,&$connection,$client_key,$data) { return strpos($data,"STOP")!==False?"quit":""; }`, TOML: harness.InitializeOnce})
	everyone := []*harness.Client{s.Connect(), s.Connect(), s.Connect()}
	harness.WantAll(everyone, "welcome")
	s.Open("127.0.0.1", s.Request("Cookie: login=quitter", "User-Agent: tests", "X-Mine: STOP"))
	for _, c := range everyone {
		if code, reason := c.Closed(); code != 1001 || reason != "server shutting down" {
			t.Errorf("closed with %d %q", code, reason)
		}
	}
	if status := s.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	got := s.Read("diary")
	if strings.Contains(got, "quitter") || !strings.HasSuffix(got, "after_close \nshutdown \nfinalize pipe=no\n") {
		t.Errorf("got %s", got)
	}
}

func TestConnectRunsWhenTheSocketIsAccepted(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function note($what) { file_put_contents(__DIR__."/diary",$what."\n",FILE_APPEND); }
function ws_server_connect(&$connections,&$connection,$client_key) { note("connect ".$client_key." ".$connection["state"]." ".$connection["peer_name"]); }
function ws_server_before_close(&$connections,&$connection) { note("before_close ".$connection["state"]); }`})
	s.Write("diary", "")
	if err := os.Chmod(s.Path("diary"), 0o666); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", s.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	diaryHas(s, "connect 1 CONNECTING "+conn.LocalAddr().String()) // not a byte was sent
	conn.Close()
	harness.Eventually(t, "the row is closed", func() bool { return strings.Contains(s.Read("diary"), "before_close ") })
}
