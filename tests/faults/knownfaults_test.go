package faults

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// Faults of the original that wsbridge must not have. Some are tested elsewhere: UTF-8 and sizes in
// wire/messages_test.go, Origin, Host and version in wire/handshake_test.go, fatal errors in faults_test.go.

func TestTwoFramesInOneReadAreTwoMessages(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	c := s.Connect()
	both := harness.AppendAll(nil, []harness.Frame{harness.Text("one"), harness.Text("two"), harness.Text("three")})
	if _, err := c.Conn.NetConn().Write(both); err != nil {
		t.Fatal(err)
	}
	harness.WantAll([]*harness.Client{c}, "one", "two", "three")
}

func TestFramesInPiecesAreOneMessage(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo})
	c := s.Connect()
	if tcp, ok := c.Conn.NetConn().(*net.TCPConn); !ok || tcp.SetNoDelay(true) != nil {
		t.Fatal("the connection is no TCP connection")
	}
	for _, b := range harness.Text("piece by piece").Append(nil) {
		if _, err := c.Conn.NetConn().Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	c.Want("piece by piece")
}

func TestWarningIsSurvived(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	$connection["n"]=isset($connection["n"])?$connection["n"]+1:1;
	send_text($client_key,"before");
	echo $undefined.$connection["no such field"];
	$x=array()+array(1/2,substr("abc",5));
	trigger_error("a warning of its own",E_USER_WARNING);
	send_text($client_key,"after ".$connection["n"]);
}`})
	c := s.Connect()
	for _, want := range []string{"after 1", "after 2"} {
		c.Send("x")
		c.Want("before")
		c.Want(want)
	}
	s.Log.Wait("a warning of its own", "push_server_events.php", `"line"`)
}

func TestClientThatStopsReadingBlocksNobody(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{
		Handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { broadcast_to_all(str_repeat("x",1000000)); send_text($client_key,"sent"); }`,
		TOML:     "[server]\nmax_message = \"1MiB\"\nsend_queue_bytes = \"64MiB\"\nwrite_timeout = \"30s\"\n",
	})
	deaf, c := s.Connect(), s.Connect()
	_ = deaf // its socket is full long before the end
	for range 20 {
		c.Send("x")
		if got := c.Receive(); len(got) != 1000000 {
			t.Fatalf("got %d bytes", len(got))
		}
		c.Want("sent")
	}
	if n := s.Log.Count("client left"); n != 0 {
		t.Errorf("%d clients left", n)
	}
}

func TestRepliesDoNotWaitForThePoll(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Echo + `
function ws_server_fifo(&$server,&$sockets,&$connections,&$data) { broadcast_to_all($data); }`, Settings: "WEBSOCKET_SELECT_TIMEOUT=60000000\n"})
	c := s.Connect()
	began := time.Now()
	for range 5 {
		if got := c.Ask("x"); got != "x" {
			t.Errorf("got %q", got)
		}
		s.WritePipe(`{"a":1}`)
		c.Want(`{"a":1}`)
	}
	if took := time.Since(began); took > 50*time.Second {
		t.Errorf("five replies and documents took %v", took)
	}
}

func TestLogHoldsNoMessages(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { show_message("a text came"); if ($msg=="swordfish-fatal") { no_such_function($msg); } send_text($client_key,"reply ".$msg); echo $undefined[$msg]; }
function ws_server_binary(&$connections,&$connection,$client_key,$data) { do_reply($client_key,encode_frame(2,$data)); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$data) { broadcast_to_all("fifo ".$data); }`, TOML: "[log]\nlevel = \"debug\"\n"})
	c := s.ConnectAs("login=swordfish-cookie")
	if got := c.Ask("swordfish-text"); got != "reply swordfish-text" {
		t.Errorf("got %q", got)
	}
	c.Send("swordfish-fatal")
	if err := c.Conn.WriteMessage(websocket.BinaryMessage, []byte("swordfish-binary")); err != nil {
		t.Fatal(err)
	}
	c.Next()
	s.WritePipe(`{"word":"swordfish-pipe"}`)
	c.Receive()
	s.WritePipe(`{"broken":"swordfish-broken"]`)
	s.Log.Wait("", "skipped")
	s.Refused(map[string][]string{"Cookie": {"swordfish"}, "User-Agent": {"tests"}, "Origin": {"http://evil.example"}})
	c.Leave()
	if status := s.Stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if strings.Contains(s.Log.Text(), "swordfish") {
		t.Error("a message, a document or a cookie is in the log")
	}
	if got := s.Read("ws_" + time.Now().UTC().Format("20060102") + ".log"); strings.Contains(got, "swordfish") || !strings.Contains(got, "a text came") {
		t.Errorf("the daily file has %q", got)
	}
}

func TestStopRunsShutdownAndFinalize(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: harness.Diary, TOML: harness.InitializeOnce})
	c := s.ConnectAs("login=anna")
	c.Want("welcome")
	if status := s.Stop(c); status != 0 { // by SIGTERM, as systemctl stop does
		t.Errorf("exit status %d", status)
	}
	if got := s.Read("diary"); !strings.HasSuffix(got, "before_close anna OPEN 1\nafter_close \nshutdown \nfinalize pipe=no\n") {
		t.Errorf("got %s", got)
	}
}
