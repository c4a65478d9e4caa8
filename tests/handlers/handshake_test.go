package handlers

import (
	"strings"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/tests/harness"
)

// The two events of a handshake: authenticate, and then open or the close handlers.

// arriving does what the cookie says, and notes what runs.
const arriving = `
function note($what) { file_put_contents(__DIR__."/notes",$what."\n",FILE_APPEND|LOCK_EX); }
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	note("authenticate ".$cookies." ".$connection["state"]);
	$connection["what"]=$cookies;
	if ($cookies=="throws") { throw new Exception("in authenticate"); }
	if ($cookies=="exits") { exit; }
	return $cookies!="refused";
}
function ws_server_open(&$connections,&$connection,$client_key)
{
	note("open ".$connection["what"]." ".$connection["state"]);
	if ($connection["what"]=="open throws") { throw new Exception("in open"); }
	if ($connection["what"]=="open closes") { close_client($client_key,4001); return; }
	if ($connection["what"]=="open moves") { $connection["state"]="LOBBY"; return; }
	send_text($client_key,send_text($client_key,"first")?"open":"not open");
}
function ws_server_text(&$connections,&$connection,$client_key,$msg) { send_text($client_key,$msg); note($connection["state"]); }
function ws_server_before_close(&$connections,&$connection) { note("before_close ".(isset($connection["what"])?$connection["what"]:"")." ".$connection["state"]); }
`

func TestEachEndOfAHandshake(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]string{
		"own rows": `function ws_server_after_close(&$connections) { note("after_close"); }`,
		"all rows": `function ws_server_after_close(&$connections) { note("after_close".(count($connections)>99?" many":"")); }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.Serve(t, harness.App{Handlers: arriving + after, TOML: "php.on_error = \"close\"\n"})
			for _, row := range []struct {
				cookie string
				status int
				code   int // with which the client is closed; 0: it is not
				notes  string
			}{
				{"in", 101, 0, "authenticate in CONNECTING, open in OPEN, OPEN, before_close in OPEN, after_close"},
				{"refused", 403, 0, "authenticate refused CONNECTING, before_close refused CONNECTING, after_close"},
				{"throws", 500, 0, "authenticate throws CONNECTING, before_close  CONNECTING, after_close"},
				{"exits", 500, 0, "authenticate exits CONNECTING, before_close  CONNECTING, after_close"},
				{"open throws", 101, 1011, "authenticate open throws CONNECTING, open open throws OPEN, before_close open throws OPEN, after_close"},
				{"open closes", 101, 4001, "authenticate open closes CONNECTING, open open closes OPEN, before_close open closes OPEN, after_close"},
				{"in", 101, 0, "authenticate in CONNECTING, open in OPEN, OPEN, before_close in OPEN, after_close"},
			} {
				arrives(s.In(t), row.cookie, row.status, row.code)
				harness.Eventually(t, "the close handlers run", func() bool { return strings.Contains(s.Read("notes"), "after_close") })
				if got := strings.ReplaceAll(strings.TrimSpace(s.Read("notes")), "\n", ", "); got != row.notes {
					t.Errorf("%s: got  %s\nwant %s", row.cookie, got, row.notes)
				}
				if err := s.Remove("notes"); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// arrives has a client come, which is answered with that status, or closed with that code.
func arrives(s *harness.Server, cookie string, status, code int) {
	s.T.Helper()
	c, response, err := s.Dial("/", harness.Headers(cookie))
	switch {
	case response == nil || response.StatusCode != status:
		s.T.Fatalf("%s: got %v, %v; want status %d", cookie, response, err, status)
	case status != 101:
	case code != 0:
		if got, _ := c.Closed(); got != code {
			s.T.Errorf("%s: closed with %d, want %d", cookie, got, code)
		}
	default:
		c.Want("first")
		c.Want("open")
		c.Send("hello")
		c.Want("hello")
		c.Close(websocket.CloseNormalClosure)
	}
}

func TestOpenMayWriteTheState(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: arriving})
	s.ConnectAs("open moves").Send("hello") // which cannot be answered
	harness.Eventually(t, "the text is there", func() bool { return strings.Contains(s.Read("notes"), "LOBBY") })
	if got := s.Read("notes"); got != "authenticate open moves CONNECTING\nopen open moves OPEN\nLOBBY\n" {
		t.Error(got)
	}
}

// In the original, nothing ran between authenticate and what follows it.
func TestRowsOfRefusedClientsAreSeenByNobody(t *testing.T) {
	t.Parallel()
	if !harness.Residents() {
		t.Skip("the close handlers see all rows, so they have a turn of their own")
	}
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { $connection["refused"]=$cookies=="refused"; return !$connection["refused"]; }
function ws_server_open(&$connections,&$connection,$client_key) { $connection["seen"]=0; }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	foreach ($connections as $c) { if (!empty($c["refused"])) { $connection["seen"]++; } }
	send_text($client_key,(string)$connection["seen"]);
}
function ws_server_before_close(&$connections,&$connection) { foreach ($connections as $c) { $last=$c; } }`})
	c := s.Connect()
	const storm = 100
	over := make(chan struct{})
	go func() {
		defer close(over)
		harness.Together(make([]*harness.Client, 4), func(int, *harness.Client) {
			for range storm / 4 {
				s.Refused(harness.Headers("refused"))
			}
		})
	}()
	for asked := 0; ; asked++ {
		select {
		case <-over:
			t.Logf("asked %d times", asked)
			return
		default:
		}
		if got := c.Ask("x"); got != "0" {
			<-over
			t.Fatalf("saw %s refused clients", got)
		}
	}
}

// While wsbridge stands still, PHP goes on with a handshake: it need not wait for the 101. send_text says what will be true then.
func TestOpenNeedNotWaitForThe101(t *testing.T) {
	t.Parallel()
	if !harness.Residents() {
		t.Skip("each event is a request of its own")
	}
	s := harness.Serve(t, harness.App{Handlers: `
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
	file_put_contents(__DIR__."/asked","x");
	while (!file_exists(__DIR__."/go")) { usleep(1000); clearstatcache(); }
	return True;
}
function ws_server_open(&$connections,&$connection,$client_key)
{
	usleep(20000);
	file_put_contents(__DIR__."/opened",$connection["state"]." ".(send_text($client_key,"welcome")?"sent":"not sent"));
}`})
	arrived := make(chan *harness.Client, 1)
	go func() { arrived <- s.Connect() }()
	harness.Eventually(t, "authenticate runs", func() bool { return s.ReadIfThere("asked") != "" })
	if err := syscall.Kill(s.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.Write("go", "")
	harness.Eventually(t, "open runs", func() bool { return s.ReadIfThere("opened") != "" })
	if got := s.Read("opened"); got != "OPEN sent" {
		t.Errorf("got %q", got)
	}
	if err := syscall.Kill(s.PID(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	(<-arrived).Want("welcome")
}
