package bridge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/wsbridge/wsbridge/bridge/rows"
	"github.com/wsbridge/wsbridge/protocol"
)

func TestOperatorSeesClients(t *testing.T) {
	a := &standin{handlers: map[protocol.Kind]handler{protocol.Text: nil}}
	s := serveApplication(t, a, nil)
	conns := []*websocket.Conn{s.connect(), s.connect(), s.connect()}
	say(t, conns[1], "hello")
	eventually(t, "the text has run", func() bool { return a.count("text 2 ends") == 1 && s.Totals().Done >= 4 })
	page, total := s.Connections(rows.Filter{{Field: "state", Value: "OPEN"}}, 1, 1)
	if len(page) != 1 || total != 3 || page[0].Key != 2 || page[0].State != "OPEN" || page[0].Received != 1 || page[0].ReceivedBytes != 5 ||
		page[0].Peer != conns[1].LocalAddr().String() || page[0].Request.Path != "/" {
		t.Errorf("got %+v of %d", page, total)
	}
	c, history, err := s.Connection(2)
	if err != nil || len(history) != 2 || history[1].Kind != protocol.Text || history[1].Bytes != 5 || c.Last.Before(c.Connected) {
		t.Errorf("got %+v, %+v, %v", c, history, err)
	}
	if got := s.Totals(); got.Open != 3 || got.Clients != 3 || got.Accepted != 3 || got.Received != 1 || got.Running != 0 || got.Waiting != 0 {
		t.Errorf("got %+v", got)
	}
	c.Row.Set("state", []byte(`"HACKED"`)) // a copy
	if c, _, _ := s.Connection(2); c.State != "OPEN" {
		t.Error("the row itself was returned")
	}
	var handlers []string
	for _, h := range s.Application().Handlers {
		handlers = append(handlers, fmt.Sprint(h.Name, " ", h.Runs, " ", h.Place, ": ", h.Why))
	}
	const as = ` alone a request of its own: isolation.mode = "serial"`
	if want := []string{"ws_server_authenticate" + as, "ws_server_text" + as, "ws_server_before_close" + as, "ws_server_after_close" + as}; !slices.Equal(handlers, want) {
		t.Errorf("got %q, want %q", handlers, want)
	}
}

func TestOperatorGetsErrors(t *testing.T) {
	s := serveApplication(t, &standin{}, nil)
	s.connect()
	eventually(t, "the client is open", func() bool { return s.Totals().Open == 1 })
	long := strings.Repeat("x", 124)
	for _, tt := range []struct {
		got, want error
	}{
		{s.Send(1, false, []byte("x")), nil},
		{s.Send(1, true, []byte("\xff")), nil},
		{s.Send(1, false, []byte("\xff")), ErrBadMessage},
		{s.Send(2, false, nil), ErrNoClient},
		{s.CloseClient(2, 0, ""), ErrNoClient},
		{s.CloseClient(1, 1005, ""), ErrBadClose},
		{s.CloseClient(1, 4000, long), ErrBadClose},
		{s.CloseClient(1, 4000, "\xff"), ErrBadClose},
		{s.CloseClient(1, 4000, long[:123]), nil},
	} {
		if !errors.Is(tt.got, tt.want) {
			t.Errorf("got %v, want %v", tt.got, tt.want)
		}
	}
}
