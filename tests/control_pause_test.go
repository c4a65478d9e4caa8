package tests

import (
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
)

func TestControlPausesAndResumes(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: postman, toml: "[server]\nqueue_wait = \"500ms\"\n"})
	control, ctx := s.control(), t.Context()
	c := s.connect()
	if err := control.Pause(ctx); err != nil {
		t.Fatal(err)
	}
	if status, body := s.get("/readyz"); status != 503 || body != "paused\n" {
		t.Errorf("got %d %q", status, body)
	}
	if st, err := control.Status(ctx); err != nil || !st.Paused || st.Ready || st.Why != "paused" {
		t.Errorf("got %+v, %v", st, err)
	}
	_, err := control.Fifo(ctx, []byte("x"), 0)
	wantRefusal(t, err, http.StatusServiceUnavailable, "paused")
	c.send("waits")
	c.ping()
	if response := s.refused(headers("login=anna")); response.StatusCode != 503 { // after queue_wait, which the text outlives
		t.Errorf("got %d", response.StatusCode)
	}
	eventually(t, "the text waits", func() bool {
		st, err := control.Status(ctx)
		return err == nil && st.Events.Waiting == 1
	})
	if err := control.Resume(ctx); err != nil {
		t.Fatal(err)
	}
	c.want("waits")
	if status, _ := s.get("/readyz"); status != 200 {
		t.Errorf("got %d", status)
	}
}

func TestControlDrainsAlsoFromAPause(t *testing.T) {
	t.Parallel()
	for _, paused := range []bool{false, true} {
		s := serve(t, app{handlers: echo})
		control, ctx := s.control(), t.Context()
		a, b := s.connect(), s.connect()
		if paused {
			if err := control.Pause(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if err := control.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		for _, c := range []*client{a, b} {
			if code, _ := c.closed(); code != websocket.CloseGoingAway {
				t.Errorf("got %d", code)
			}
		}
		if status := s.wait(); status != 0 {
			t.Errorf("exit status %d", status)
		}
	}
}

func TestControlRefusesWhatComesTooLate(t *testing.T) {
	t.Parallel()
	s := serve(t, app{handlers: postman})
	control, ctx := s.control(), t.Context()
	c := s.connect()
	s.write("hold", "")
	s.pipe("wait\n")
	eventually(t, "the document's handler runs", func() bool { return s.readIfThere("held") == "wait" })
	if st, err := control.Status(ctx); err != nil || st.Events.Running != 1 {
		t.Errorf("got %+v, %v", st.Events, err)
	}
	if err := control.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the drain has begun", func() bool { st, err := control.Status(ctx); return err == nil && st.Draining })
	_, err := control.Fifo(ctx, []byte("x"), time.Second)
	wantRefusal(t, err, http.StatusServiceUnavailable, "shutting down")
	wantRefusal(t, control.Send(ctx, 1, false, []byte("x")), http.StatusServiceUnavailable)
	wantRefusal(t, control.Pause(ctx), http.StatusServiceUnavailable)
	wantRefusal(t, control.CloseConnection(ctx, 1, api.Close{}), http.StatusServiceUnavailable)
	if err := s.remove("hold"); err != nil {
		t.Fatal(err)
	}
	c.want("wait")
	if status := s.wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
