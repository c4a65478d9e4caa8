package tests

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// Known faults of the original, which are not to be there any more. Those that have long tests: UTF-8, and sizes, in
// messages_test.go; Origin, Host and version in handshake_test.go; fatal errors in faults_test.go.

// frame is a client's text frame, masked with zeros.
func frame(text string) []byte {
	return append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)
}

func TestTwoFramesInOneReadAreTwoMessages(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: echo})
	c := s.connect()
	both := bytes.Join([][]byte{frame("one"), frame("two"), frame("three")}, nil)
	if _, err := c.conn.NetConn().Write(both); err != nil {
		t.Fatal(err)
	}
	all([]*client{c}, "one", "two", "three")
}

func TestFramesInPiecesAreOneMessage(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: echo})
	c := s.connect()
	if tcp, ok := c.conn.NetConn().(*net.TCPConn); !ok || tcp.SetNoDelay(true) != nil {
		t.Fatal("the connection is no TCP connection")
	}
	for _, b := range frame("piece by piece") {
		if _, err := c.conn.NetConn().Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	c.want("piece by piece")
}

func TestWarningIsSurvived(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	$connection["n"]=isset($connection["n"])?$connection["n"]+1:1;
	send_text($client_key,"before");
	echo $undefined.$connection["no such field"];
	$x=array()+array(1/2,substr("abc",5));
	trigger_error("a warning of its own",E_USER_WARNING);
	send_text($client_key,"after ".$connection["n"]);
}`})
	c := s.connect()
	for _, want := range []string{"after 1", "after 2"} {
		c.send("x")
		c.want("before")
		c.want(want)
	}
	s.log.wait("a warning of its own", "push_server_events.php", `"line"`)
}

func TestClientThatStopsReadingBlocksNobody(t *testing.T) {
	t.Parallel()
	s := serve(t, app{
		handlers: `function ws_server_text(&$connections,&$connection,$client_key,$msg) { broadcast_to_all(str_repeat("x",1000000)); send_text($client_key,"sent"); }`,
		toml:     "[server]\nmax_message = \"1MiB\"\nsend_queue_bytes = \"64MiB\"\nwrite_timeout = \"30s\"\n",
	})
	deaf, c := s.connect(), s.connect()
	_ = deaf // its socket is full long before the end
	for range 20 {
		c.send("x")
		if got := c.receive(); len(got) != 1000000 {
			t.Fatalf("got %d bytes", len(got))
		}
		c.want("sent")
	}
	if n := s.log.count("client left"); n != 0 {
		t.Errorf("%d clients left", n)
	}
}

func TestRepliesDoNotWaitForThePoll(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: echo + forward, settings: "WEBSOCKET_SELECT_TIMEOUT=60000000\n"})
	c := s.connect()
	began := time.Now()
	for range 5 {
		if got := c.ask("x"); got != "x" {
			t.Errorf("got %q", got)
		}
		s.pipe(`{"a":1}`)
		c.want(`{"a":1}`)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("five replies and documents took %v", took)
	}
}

func TestLogHoldsNoMessages(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: `
function ws_server_text(&$connections,&$connection,$client_key,$msg) { show_message("a text came"); if ($msg=="swordfish-fatal") { no_such_function($msg); } send_text($client_key,"reply ".$msg); echo $undefined[$msg]; }
function ws_server_binary(&$connections,&$connection,$client_key,$data) { do_reply($client_key,encode_frame(2,$data)); }
function ws_server_fifo(&$server,&$sockets,&$connections,&$data) { broadcast_to_all("fifo ".$data); }`, toml: "[log]\nlevel = \"debug\"\n"})
	c := s.connectAs("login=swordfish-cookie")
	if got := c.ask("swordfish-text"); got != "reply swordfish-text" {
		t.Errorf("got %q", got)
	}
	c.send("swordfish-fatal")
	if err := c.conn.WriteMessage(websocket.BinaryMessage, []byte("swordfish-binary")); err != nil {
		t.Fatal(err)
	}
	c.next()
	s.pipe(`{"word":"swordfish-pipe"}`)
	c.receive()
	s.pipe(`{"broken":"swordfish-broken"]`)
	s.log.wait("", "skipped")
	s.refused(map[string][]string{"Cookie": {"swordfish"}, "User-Agent": {"tests"}, "Origin": {"http://evil.example"}})
	if status := s.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if strings.Contains(s.log.text(), "swordfish") {
		t.Error("a message, a document or a cookie is in the log")
	}
	if got := s.read("ws_" + time.Now().UTC().Format("20060102") + ".log"); strings.Contains(got, "swordfish") || !strings.Contains(got, "a text came") {
		t.Errorf("the daily file has %q", got)
	}
}

func TestStopRunsShutdownAndFinalize(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: diary, toml: initializeOnce})
	c := s.connectAs("login=anna")
	c.want("welcome")
	if status := s.stop(); status != 0 { // by SIGTERM, as systemctl stop does
		t.Errorf("exit status %d", status)
	}
	if code, reason := c.closed(); code != 1001 || reason != "server shutting down" {
		t.Errorf("closed with %d %q", code, reason)
	}
	if got := s.read("diary"); !strings.HasSuffix(got, "before_close anna OPEN 1\nafter_close \nshutdown \nfinalize pipe=no\n") {
		t.Errorf("got %s", got)
	}
}
