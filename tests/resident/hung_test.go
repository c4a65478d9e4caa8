package resident

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/tests/harness"
)

// hanging notes what runs, and hangs in a text until there is the file "go".
const hanging = `
function note($line) { file_put_contents(__DIR__."/ran",$line."\n",FILE_APPEND|LOCK_EX); }
function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address) { note("authenticate ".$cookies); return True; }
function ws_server_open(&$connections,&$connection,$client_key) { note("open ".$client_key); }
function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
	note("text ".$msg);
	send_text($client_key,"has ".$msg);
	if ($msg=="hang") { while (!file_exists(__DIR__."/go")) { usleep(5000); clearstatcache(); } }
}
function ws_server_before_close(&$connections,&$connection) { note("close ".count($connections)); }
`

// hangingConfig lets events wait for two seconds. From one on nothing more is sent to the worker that hangs.
const hangingConfig = "isolation.mode = \"serial\"\nphp.resident = \"on\"\nserver.queue_wait = \"2s\"\n"

// hang serves an application whose handlers have no time limit, and has one hang.
func hang(t *testing.T) (*harness.Server, *harness.Client) {
	t.Helper()
	s := harness.Serve(t, harness.App{Handlers: hanging, TOML: hangingConfig})
	worker(s)
	c := s.Connect()
	c.Send("hang")
	c.Want("has hang")
	return s, c
}

// heldUp waits until nothing more is sent to the worker.
func heldUp(s *harness.Server) {
	s.T.Helper()
	harness.Eventually(s.T, "the lane is held up", func() bool {
		r := runs(s)
		return r != nil && time.Since(r.Since) > 1500*time.Millisecond
	})
}

// runs returns what the alone worker runs, or nil.
func runs(s *harness.Server) *api.Running {
	s.T.Helper()
	r, err := s.Control().Workers(s.T.Context())
	if err != nil {
		s.T.Fatal(err)
	}
	for _, w := range r.Workers {
		if w.Kind == "alone" {
			return w.Runs
		}
	}
	return nil
}

// request sends a handshake and does not wait for the answer.
func request(s *harness.Server, name string) *harness.Peer {
	s.T.Helper()
	return s.Open("127.0.0.1", s.Request("User-Agent: tests", "Cookie: "+name))
}

// refused wants a handshake to be told to come again.
func refused(t *testing.T, p *harness.Peer) {
	t.Helper()
	if r := p.Answer(); r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
		t.Errorf("got %s, %v", r.Status, r.Header)
	}
}

// Neither handshakes that the worker was given before it was known to hang, nor those after, wait for longer than any event does. When the worker
// is killed, none of them runs.
func TestHungHandlerKeepsNoHandshakeWaiting(t *testing.T) {
	t.Parallel()
	s, hung := hang(t)
	before := worker(s)
	early := []*harness.Peer{request(s, "early"), request(s, "early"), request(s, "early")}
	gone := request(s, "gone")
	harness.Eventually(t, "they wait in the worker", func() bool { r := runs(s); return r != nil && r.Behind >= 4 })
	gone.Conn.Close()
	heldUp(s)
	late := []*harness.Peer{request(s, "late"), request(s, "late")}
	for _, p := range append(early, late...) {
		refused(t, p)
	}
	if code, text := s.Get("/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(text, "does not end") {
		t.Errorf("readiness is %d %q", code, text)
	}
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	another(s, before)
	c := s.ConnectAs("after")
	c.Send("hello")
	c.Want("has hello")
	hung.Send("still here")
	hung.Want("has still here")
	ran := s.Read("ran")
	for _, name := range []string{"early", "late", "gone"} {
		if strings.Contains(ran, "authenticate "+name) {
			t.Errorf("%s ran:\n%s", name, ran)
		}
	}
	harness.Eventually(t, "their rows have gone", func() bool {
		all, err := s.Control().Connections(t.Context(), nil)
		return err == nil && all.Total == 2
	})
}

// When the handler ends by itself, what the worker was given before has run late: who was told to come again has had its open and its close event
// all the same. What came later has not run.
func TestHungHandlerThatEndsAfterAll(t *testing.T) {
	t.Parallel()
	s, hung := hang(t)
	early := request(s, "early")
	harness.Eventually(t, "it waits in the worker", func() bool { r := runs(s); return r != nil && r.Behind >= 1 })
	heldUp(s)
	late := request(s, "late")
	refused(t, early)
	refused(t, late)
	s.Write("go", "")
	hung.Send("hello")
	hung.Want("has hello")
	harness.Eventually(t, "its close handlers have run", func() bool { return strings.Contains(s.Read("ran"), "close ") })
	if ran := s.Read("ran"); !strings.Contains(ran, "authenticate early\nopen 2\n") || strings.Contains(ran, "late") {
		t.Errorf("ran:\n%s", ran)
	}
	if code, text := s.Get("/readyz"); code != http.StatusOK {
		t.Errorf("readiness is %d %q", code, text)
	}
}

// Clients whose texts wait for too long are told so while the handler hangs, and leave in order when it ends.
func TestHungHandlerKeepsNoTextWaiting(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: hanging, TOML: hangingConfig})
	worker(s)
	c, early, late := s.Connect(), s.Connect(), s.Connect()
	c.Send("hang")
	c.Want("has hang")
	early.Send("early")
	harness.Eventually(t, "it waits in the worker", func() bool { r := runs(s); return r != nil && r.Behind == 1 })
	heldUp(s)
	late.Send("late")
	for _, turned := range []*harness.Client{early, late} {
		if code, reason := turned.Closed(); code != 1013 {
			t.Errorf("closed with %d %q", code, reason)
		}
	}
	before := worker(s)
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	another(s, before)
	c.Send("hello")
	c.Want("has hello")
	harness.Eventually(t, "their close handlers have run", func() bool { return strings.Count(s.Read("ran"), "close ") == 2 })
	if ran := s.Read("ran"); strings.Contains(ran, "text early") || strings.Contains(ran, "text late") {
		t.Errorf("ran:\n%s", ran)
	}
}

// What waits for a long event and is in time runs after it, once and in order.
func TestEventsWaitInOrderForALongOne(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: hanging, TOML: "isolation.mode = \"serial\"\nphp.resident = \"on\"\n"})
	worker(s)
	long, others := s.Connect(), s.ConnectMany(3)
	long.Send("hang")
	long.Want("has hang")
	var want []string
	send := func(from, to int) {
		for i := from; i < to; i++ {
			for _, c := range others {
				c.Send(fmt.Sprint(i))
			}
			want = append(want, fmt.Sprint("has ", i))
		}
	}
	send(0, 4)
	heldUp(s)
	send(4, 8)
	last := request(s, "last")
	s.Write("go", "")
	for _, c := range others {
		for _, text := range want {
			c.Want(text)
		}
	}
	if r := last.Answer(); r.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("got %s", r.Status)
	}
	if ran := s.Read("ran"); strings.Count(ran, "text ") != 1+len(want)*len(others) {
		t.Errorf("ran:\n%s", ran)
	}
}
