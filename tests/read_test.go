package tests

import (
	"net"
	"os"
	"strings"
	"testing"
)

// ws_server_connect and ws_server_read: what happens to a connection before it is one.

func TestReadSeesEverythingFirst(t *testing.T) {
	t.Parallel()
	for name, parameters := range map[string]string{"three": "&$connections,&$connection,$data", "four": "&$connections,&$connection,$client_key,$data"} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, app{handlers: `
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
			c := s.connect()
			c.send("hello") // a masked frame of 6+5 bytes
			c.want("connect CONNECTING;read CONNECTING GET;read OPEN 11;text hello;")
		})
	}
}

func TestReadReturningAnythingButAnEmptyStringConsumes(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: `
function ws_server_read(&$connections,&$connection,$client_key,$data)
{
	$frame=decode_frame($data);
	if ($connection["state"]!=="OPEN" || substr($frame["payload"],0,7)!=="return ") { return ""; }
	send_text($client_key,"read"); // what is sent before this comes may be part of this read
	return eval($frame["payload"]);
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); }`})
	c := s.connect()
	for _, value := range []string{`"consumed"`, `" "`, `"0"`, "0", "1", "null", "False", "True", "array()", `"QUIT"`} {
		c.send("return " + value + ";")
		c.want("read")
		if got := c.ask("next"); got != "next" {
			t.Errorf("%s: got %q", value, got)
		}
	}
	c.send(`return "";`)
	c.want("read")
	c.want(`return "";`)
}

func TestReadReturningQuitShutsTheServerDown(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: diary + `
function ws_server_read(&$connections,&$connection,$client_key,$data) { return strpos($data,"STOP")!==False?"quit":""; }`, toml: initializeOnce})
	everyone := []*client{s.connect(), s.connect(), s.connect()}
	all(everyone, "welcome")
	_, _, _ = s.dial("/STOP", headers("login=quitter"))
	for _, c := range everyone {
		if code, reason := c.closed(); code != 1001 || reason != "server shutting down" {
			t.Errorf("closed with %d %q", code, reason)
		}
	}
	if status := s.wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	got := s.read("diary")
	if strings.Contains(got, "quitter") || !strings.HasSuffix(got, "after_close \nshutdown \nfinalize pipe=no\n") {
		t.Errorf("got %s", got)
	}
}

func TestConnectRunsWhenTheSocketIsAccepted(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: `
function note($what) { file_put_contents(__DIR__."/diary",$what."\n",FILE_APPEND); }
function ws_server_connect(&$connections,&$connection,$client_key) { note("connect ".$client_key." ".$connection["state"]." ".$connection["peer_name"]); }
function ws_server_before_close(&$connections,&$connection) { note("before_close ".$connection["state"]); }`})
	s.write("diary", "")
	if err := os.Chmod(s.path("diary"), 0o666); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s.diaryHas("connect 1 CONNECTING " + conn.LocalAddr().String()) // not a byte was sent
	conn.Close()
	eventually(t, "the row is closed", func() bool { return strings.Contains(s.read("diary"), "before_close ") })
}
