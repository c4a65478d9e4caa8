package operate

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestControlPausesAndResumes(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: postman, TOML: "[server]\nqueue_wait = \"500ms\"\n"})
	control, ctx := s.Control(), t.Context()
	c := s.Connect()
	if err := control.Pause(ctx); err != nil {
		t.Fatal(err)
	}
	if status, body := s.Get("/readyz"); status != 503 || body != "paused\n" {
		t.Errorf("got %d %q", status, body)
	}
	if st, err := control.Status(ctx); err != nil || !st.Paused || st.Ready || st.Why != "paused" {
		t.Errorf("got %+v, %v", st, err)
	}
	_, err := control.Fifo(ctx, []byte("x"), 0)
	wantRefusal(t, err, http.StatusServiceUnavailable, "paused")
	c.Send("waits")
	c.Ping()
	if response := s.Refused(harness.Headers("login=anna")); response.StatusCode != 503 { // after the queue's wait, which the text outlives
		t.Errorf("got %d", response.StatusCode)
	}
	harness.Eventually(t, "the text waits", func() bool {
		st, err := control.Status(ctx)
		return err == nil && st.Events.Waiting == 1
	})
	if err := control.Resume(ctx); err != nil {
		t.Fatal(err)
	}
	c.Want("waits")
	if status, _ := s.Get("/readyz"); status != 200 {
		t.Errorf("got %d", status)
	}
}

func TestControlDrainsAlsoFromAPause(t *testing.T) {
	t.Parallel()
	for _, paused := range []bool{false, true} {
		s := harness.Serve(t, harness.App{Handlers: harness.Echo})
		control, ctx := s.Control(), t.Context()
		a, b := s.Connect(), s.Connect()
		if paused {
			if err := control.Pause(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if err := control.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		for _, c := range []*harness.Client{a, b} {
			if code, _ := c.Closed(); code != websocket.CloseGoingAway {
				t.Errorf("got %d", code)
			}
		}
		if status := s.Wait(); status != 0 {
			t.Errorf("exit status %d", status)
		}
	}
}

func TestControlRefusesWhatComesTooLate(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: postman})
	control, ctx := s.Control(), t.Context()
	c := s.Connect()
	s.Write("hold", "")
	s.WritePipe("wait\n")
	harness.Eventually(t, "the document's handler runs", func() bool { return s.ReadIfThere("held") == "wait" })
	if st, err := control.Status(ctx); err != nil || st.Events.Running != 1 {
		t.Errorf("got %+v, %v", st.Events, err)
	}
	if err := control.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "the drain has begun", func() bool { st, err := control.Status(ctx); return err == nil && st.Draining })
	_, err := control.Fifo(ctx, []byte("x"), time.Second)
	wantRefusal(t, err, http.StatusServiceUnavailable, "shutting down")
	wantRefusal(t, control.Send(ctx, 1, false, []byte("x")), http.StatusServiceUnavailable)
	wantRefusal(t, control.Pause(ctx), http.StatusServiceUnavailable)
	wantRefusal(t, control.CloseConnection(ctx, 1, api.Close{}), http.StatusServiceUnavailable)
	if err := s.Remove("hold"); err != nil {
		t.Fatal(err)
	}
	c.Want("wait")
	c.Closed()
	if status := s.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// What handlers send to others arrives before a shutdown closes these, whether or not the application has a close handler.
func TestControlDrainClosesClientsAfterWhatIsSentToThem(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: `
function hold($data)
{
	file_put_contents(dirname(__FILE__)."/held",$data);
	while (file_exists(dirname(__FILE__)."/hold")) { usleep(5000); clearstatcache(); }
}
function ws_server_fifo(&$server,&$sockets,&$connections,&$data) { hold($data); broadcast_to_all($data); }
function ws_server_text(&$connections,&$connection,$client_key,$msg) { hold($msg); send_text(1,$msg); }`})
	control, ctx := s.Control(), t.Context()
	listener, talker := s.Connect(), s.Connect()
	s.Write("hold", "")
	talker.Send("text")
	harness.Eventually(t, "the text's handler runs", func() bool { return s.ReadIfThere("held") == "text" })
	for _, document := range []string{"one", "two", "three"} {
		s.WritePipe(document + "\n")
	}
	if err := control.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "the drain has begun", func() bool { st, err := control.Status(ctx); return err == nil && st.Draining })
	time.Sleep(300 * time.Millisecond) // in which it could go too far
	if err := s.Remove("hold"); err != nil {
		t.Fatal(err)
	}
	for c, want := range map[*harness.Client][]string{listener: {"one", "text", "three", "two"}, talker: {"one", "three", "two"}} {
		var got []string
		for range want {
			got = append(got, c.Receive())
		}
		slices.Sort(got) // the text runs beside the documents, or before
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if code, _ := c.Closed(); code != websocket.CloseGoingAway {
			t.Errorf("got %d", code)
		}
	}
	if status := s.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
