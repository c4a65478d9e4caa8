package operate

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/wsbridge/wsbridge/cmd/wsbridge/control/api"
	"github.com/wsbridge/wsbridge/tests/harness"
)

func TestControlSendsAndBroadcasts(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: rooms})
	control, ctx := s.Control(), t.Context()
	anna, bert := s.ConnectAs("login=anna"), s.ConnectAs("login=bert")
	if err := control.Send(ctx, 1, false, []byte("grüße")); err != nil {
		t.Fatal(err)
	}
	anna.Want("grüße")
	if err := control.Send(ctx, 2, true, []byte("\xff\x00")); err != nil {
		t.Fatal(err)
	}
	if op, data := bert.Next(); op != 2 || string(data) != "\xff\x00" {
		t.Errorf("got %d %q", op, data)
	}
	for want, query := range map[int]url.Values{
		2: {}, 1: {"row.login": {"b*"}}, 0: {"row.login": {"carl"}},
	} {
		if got, err := control.Broadcast(ctx, query, false, []byte("all")); err != nil || got.To != want || got.Missed != 0 {
			t.Errorf("got %+v, %v, want %d", got, err, want)
		}
	}
	anna.Want("all")
	bert.Want("all")
	bert.Want("all")
	wantRefusal(t, control.Send(ctx, 1, false, []byte("\xff")), http.StatusBadRequest, "utf-8")
	wantRefusal(t, control.Send(ctx, 7, false, []byte("x")), http.StatusNotFound, "no connection 7")
	_, err := control.Broadcast(ctx, url.Values{}, false, []byte("\xff"))
	wantRefusal(t, err, http.StatusBadRequest, "utf-8")
	wantRefusal(t, s.Order(http.MethodPost, "/v1/broadcast?limit=1", "x", nil), http.StatusBadRequest, "limit")
	if got := anna.Ask("still"); got != "still" {
		t.Errorf("got %q", got)
	}
}

func TestControlBoundsWhatIsSent(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: rooms, TOML: "[server]\nmax_message = 1024\nsend_queue_bytes = 4096\n[pipe]\nmax_document = 512\n"})
	control, ctx := s.Control(), t.Context()
	s.Connect() // and reads nothing
	wantRefusal(t, control.Send(ctx, 1, false, make([]byte, 1025)), http.StatusRequestEntityTooLarge, "1024")
	_, err := control.Fifo(ctx, make([]byte, 513), 0)
	wantRefusal(t, err, http.StatusRequestEntityTooLarge, "512")
	var full error
	for message := make([]byte, 1024); full == nil; {
		full = control.Send(ctx, 1, true, message)
	}
	wantRefusal(t, full, http.StatusConflict, "queue is full")
	if got, err := control.Broadcast(ctx, url.Values{}, true, make([]byte, 1024)); err != nil || got.To+got.Missed != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
	if c, err := control.Connection(ctx, 1); err != nil || c.State != "OPEN" {
		t.Errorf("the client that reads nothing was ended: %v", err)
	}
}

func TestControlClosesConnections(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, harness.App{Handlers: rooms + `
function ws_server_before_close(&$connections,&$connection) { show_message("closing ".$connection["login"],true); }`})
	control, ctx := s.Control(), t.Context()
	anna, bert := s.ConnectAs("login=anna"), s.ConnectAs("login=bert")
	for body, part := range map[string]string{
		`{"code":1005}`: "1005", `{"code":99}`: "99", `{"reason":"` + strings.Repeat("x", 124) + `"}`: "124", `{"kode":1}`: "kode", `[`: "object",
	} {
		wantRefusal(t, s.Order(http.MethodPost, "/v1/connections/1/close", body, nil), http.StatusBadRequest, part)
	}
	if err := control.CloseConnection(ctx, 1, api.Close{Code: 4001, Reason: "go"}); err != nil {
		t.Fatal(err)
	}
	if code, reason := anna.Closed(); code != 4001 || reason != "go" {
		t.Errorf("got %d %q", code, reason)
	}
	if err := control.CloseConnection(ctx, 2, api.Close{}); err != nil {
		t.Fatal(err)
	}
	if code, _ := bert.Closed(); code != 1000 {
		t.Errorf("got %d", code)
	}
	wantRefusal(t, control.CloseConnection(ctx, 9, api.Close{}), http.StatusNotFound, "no connection 9")
	s.Log.Wait("client left", "operator")
	s.Log.Wait("closing anna")
}
