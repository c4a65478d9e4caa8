package handlers

import (
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Clients before their handshake: ws_server_connect and ws_server_read make the listener a door for any protocol.

// plainDoor runs what a client sends as PHP, unless that is a handshake.
const plainDoor = harness.Eval + `
function note($what) { file_put_contents(__DIR__."/diary",$what."\n",FILE_APPEND|LOCK_EX); }
function ws_server_connect(&$connections,&$connection,$client_key)
{
	global $sockets;
	if (file_exists(__DIR__."/greets")) { fwrite($sockets[$client_key],"hello\n"); }
	if (file_exists(__DIR__."/closed")) { do_reply($client_key,"closed\n"); close_client($client_key); }
}
function ws_server_read(&$connections,&$connection,$client_key,$data)
{
	global $sockets;
	if ($connection["state"]=="OPEN" || substr($data,0,4)=="GET ") { return ""; }
	return eval($data);
}
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	global $sockets,$connections;
	if ($cookies<>"answered") { return $cookies<>"refused"; }
	fwrite($sockets[array_search($connection,$connections)],"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n");
	return False;
}
function ws_server_before_close(&$connections,&$connection)
{
	global $sockets;
	$key=array_search($connection,$connections);
	note("before_close ".$connection["state"]." ".$key);
	if (isset($connection["last"])) { fwrite($sockets[$key],$connection["last"]); }
}
function ws_server_after_close(&$connections) { note("after_close ".implode(",",array_keys($connections))); }
`

// A client that is not closed at once would stay for as long as the test waits for anything.
const patientDoor = "server.handshake_timeout = \"1h\"\n"

func TestClientsBeforeTheirHandshake(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]func(*testing.T) *harness.Server{
		"wsbridge": func(t *testing.T) *harness.Server {
			return harness.Serve(t, harness.App{Handlers: plainDoor, TOML: patientDoor})
		},
		"one process": func(t *testing.T) *harness.Server {
			return harness.ServeInOneProcess(t, harness.App{Handlers: plainDoor}, 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			isAnswered(t, s)
			isClosed(t, s)
			isReachedFromElsewhere(t, s)
			if name == "wsbridge" {
				isClosedWithoutLoss(t, s)
				answersTheHandshakeItself(t, s)
			}
		})
	}
}

func isAnswered(t *testing.T, s *harness.Server) {
	p := s.Open("127.0.0.1", `fwrite($sockets[$client_key],"one\n");`)
	p.WantBytes("one\n")
	p.Write([]byte(`do_reply($client_key,"two\n"); fwrite($sockets[$client_key],"thr"); fwrite($sockets[$client_key],"ee\n");`))
	p.WantBytes("two\nthree\n")
	p.Write([]byte(`fwrite($sockets[$client_key],"\x81\xff"); $connection["state"]="PLAIN"; fwrite($sockets[$client_key],"plain\n");`))
	p.WantBytes("\x81\xffplain\n")
	p.Write([]byte(`$connection["state"]="CONNECTING"; do_reply($client_key,json_encode(array(send_text($client_key,"x"),do_reply(77,"x"))));`))
	p.WantBytes("[false,false]")
	p.Write([]byte(`broadcast_to_all("x"); fwrite($sockets[$client_key],"end\n"); close_client($client_key);`))
	p.WantRest("end\n")
}

func isClosed(t *testing.T, s *harness.Server) {
	for _, row := range []struct{ php, want string }{
		{`close_client($client_key);`, ""},
		{`close_client($client_key); return "";`, ""},
		{`do_reply($client_key,"bye\n"); close_client($client_key,4000,"over");`, "bye\n\x88\x06\x0f\xa0over"},
		{`$connection["last"]="last\n"; do_reply($client_key,"bye\n"); close_client($client_key);`, "bye\nlast\n"},
	} {
		p := s.Open("127.0.0.1", row.php)
		p.WantRest(row.want)
	}
	harness.Eventually(t, "the close handlers of five clients have run", func() bool { // after_close runs when the socket is closed
		diary := s.Read("diary")
		return strings.Count(diary, "before_close CONNECTING") == 5 && strings.Count(diary, "after_close") == 5
	})
	s.Write("greets", "")
	p := s.Open("127.0.0.1", "")
	p.WantBytes("hello\n")
	p.Write([]byte(`close_client($client_key);`))
	p.WantRest("")
	s.Write("closed", "")
	p = s.Open("127.0.0.1", "")
	p.WantRest("hello\nclosed\n")
	if s.Remove("greets") != nil || s.Remove("closed") != nil {
		t.Fatal("cannot remove")
	}
}

func isClosedWithoutLoss(t *testing.T, s *harness.Server) {
	p := s.Open("127.0.0.1", `do_reply($client_key,str_repeat("x",5000000)); close_client($client_key);`)
	p.WantRest(strings.Repeat("x", 5000000))
	// What comes after the close is not read, and must not make the kernel reset the connection. A handshake is not answered.
	p = s.Open("127.0.0.1", `do_reply($client_key,"working\n"); while (!file_exists(__DIR__."/go")) { usleep(10000); clearstatcache(); } do_reply($client_key,"only this\n"); close_client($client_key);`)
	p.WantBytes("working\n")
	p.Write([]byte(s.Request("Cookie: x", "User-Agent: x") + strings.Repeat("x", 50000)))
	s.Write("go", "")
	p.WantRest("only this\n")
	// The client may have ended its half.
	p = s.Open("127.0.0.1", `do_reply($client_key,str_repeat("x",3000000)); return "consumed";`)
	p.CloseWrite()
	p.WantRest(strings.Repeat("x", 3000000))
	p = s.Open("127.0.0.1", `unset($connections[$client_key]);`)
	p.WantRest("")
}

func answersTheHandshakeItself(t *testing.T, s *harness.Server) {
	p := s.Open("127.0.0.1", s.Request("Cookie: answered", "User-Agent: tests"))
	p.WantRest("HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n")
}

// Another client's handler talks to a client that waits.
func isReachedFromElsewhere(t *testing.T, s *harness.Server) {
	c := s.ConnectAs("login")
	p := s.Open("127.0.0.1", `do_reply($client_key,$client_key."\n");`)
	key := strings.TrimSpace(p.Line())
	c.Send(`global $sockets; fwrite($sockets[` + key + `],"from afar\n"); do_reply(` + key + `,"and again\n"); return "done";`)
	c.Want("done")
	p.WantBytes("from afar\nand again\n")
	c.Send(`close_client(` + key + `); return isset($connections[` + key + `]);`)
	c.Want("false")
	p.WantRest("")
	if got := s.Refused(harness.Headers("refused")); got.StatusCode != 403 {
		t.Errorf("refused with %s", got.Status)
	}
}

// relay passes texts on to other clients, which need not have made a handshake. It reaches no row but its own.
const relay = `
function ws_server_read(&$connections,&$connection,$client_key,$data)
{
	if ($connection["state"]=="OPEN" || substr($data,0,4)=="GET ") { return ""; }
	do_reply($client_key,$client_key."\n");
	return "consumed";
}
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	if ($msg=="settle") { usleep(6000); send_text($client_key,"settled"); return; }
	list($to,$text)=explode(" ",$msg);
	send_text($client_key,do_reply($to,$text."\n")===False?"unknown":"relayed");
}
`

func TestHandlersOfOtherClientsWriteBeforeTheHandshake(t *testing.T) {
	t.Parallel()
	for name, toml := range map[string]string{"resident": harness.Isolation("auto"), "a request per event": harness.PerRequest(harness.Isolation("auto"))} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.Serve(t, harness.App{Handlers: relay, TOML: toml + "[server]\nhandshake_timeout = \"1h\"\n"})
			c := s.Connect()
			s.AwaitCode(c, "")
			for range 20 { // slow enough to run beside others if that were right
				c.Ask("settle")
			}
			p := s.Open("127.0.0.1", "who am I")
			key := strings.TrimSpace(p.Line())
			if got := c.Ask(key + " hello"); got != "relayed" {
				t.Errorf("got %q", got)
			}
			p.WantBytes("hello\n")
			if got := c.Ask("77 hello"); got != "unknown" {
				t.Errorf("got %q for nobody", got)
			}
		})
	}
}
